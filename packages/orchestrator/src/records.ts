import type { AnyRecord } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/**
 * A header from this engine's own journal, whose leaf hash the journal has checked.
 * Errors: `UNSUPPORTED` when a newer version wrote it.
 */
export function parsePlaced(bytes: Uint8Array): AnyRecord {
  const value = parseJson(bytes)
  if (!isRecord(value))
    throw new SeamError('UNSUPPORTED', 'The journal holds a record of a version that this one does not know.', {
      remedy: 'Open it with the version that wrote it, or a newer one.',
    })
  return value
}

/** JSON from UTF-8 bytes. */
export function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
}

function isRecord(value: unknown): value is AnyRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'v' in value &&
    value.v === 1 &&
    'kindVersion' in value &&
    value.kindVersion === 1
  )
}
