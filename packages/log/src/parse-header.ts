import type { AnyRecord } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { canonicalText } from './canonical.ts'
import { LIMITS } from './limits.ts'
import { recordSchema } from './record-schemas.ts'

// A byte order mark is kept, so that it is refused and not silently dropped.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Any JSON whose bytes are canonical. Errors: `INVALID_INPUT`. */
export function parseCanonical(bytes: Uint8Array): unknown {
  let value: unknown
  let source: string
  try {
    source = decoder.decode(bytes)
    value = JSON.parse(source)
  } catch (cause) {
    throw new SeamError('INVALID_INPUT', 'It is not JSON in UTF-8.', { cause })
  }
  if (canonicalText(value) !== source)
    throw new SeamError('INVALID_INPUT', 'It is not canonical JSON (RFC 8785).', {
      remedy: 'Ask for a copy that was not reformatted.',
    })
  return value
}

/**
 * A record's header from its bytes, which must be canonical.
 *
 * Errors: `LIMIT_EXCEEDED` for more than 60 kB; `INVALID_INPUT` for bytes that are not canonical JSON,
 * an unknown kind or version, unknown, missing or wrong fields, all of them named.
 */
export function parseHeader(bytes: Uint8Array): AnyRecord {
  if (bytes.length > LIMITS.headerBytes)
    throw new SeamError('LIMIT_EXCEEDED', `A header of ${bytes.length} bytes is over ${LIMITS.headerBytes}.`)
  return checkHeader(parseCanonical(bytes))
}

/** A parsed value as a record's header. Errors: `INVALID_INPUT`, all problems named. */
export function checkHeader(value: unknown): AnyRecord {
  const result = recordSchema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => ({
    code: 'INVALID_INPUT' as const,
    message: issue.message,
    place: { pointer: issue.path.map((part) => '/' + String(part)).join('') },
  }))
  throw new SeamError('INVALID_INPUT', `The record header is not valid: ${problems[0]?.message ?? ''}`, { problems })
}
