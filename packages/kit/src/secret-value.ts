import { SeamError } from './errors.ts'

/** Names of secrets. The case of letters matters. */
export const SECRET_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** Bounds of a secret's value: what is shorter or more uniform is in ordinary text too, and could not be redacted from it. */
export const SECRET_LIMITS = {
  /** Least number of characters of a value; of bytes where it is no text. */
  minCharacters: 8,
  /** Least number of different bytes in a value. */
  minDistinctBytes: 4,
  /** Bytes of a value. */
  maxBytes: 65_536,
} as const

/** Errors: `INVALID_INPUT` where it is no name of a secret. The name is not repeated: it could be a value in the wrong place. */
export function checkSecretName(name: string): void {
  if (!SECRET_NAME.test(name))
    throw new SeamError('INVALID_INPUT', 'That is not a name of a secret.', {
      remedy: 'Use 1 to 63 letters, digits, "-", "_" and ".", beginning with a letter or digit.',
    })
}

/** A value as text; `undefined` where it is not UTF-8. */
export function secretText(value: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
  } catch {
    return undefined
  }
}

/**
 * Refuses values that can not be kept out of a text without wrecking it. Errors: `INVALID_INPUT` for one that is too
 * short, too uniform or the marker of redaction itself, `LIMIT_EXCEEDED` for one that is too long. Neither tells of the value.
 */
export function checkSecretValue(name: string, value: Uint8Array): void {
  const refuse = (why: string): SeamError =>
    new SeamError(
      'INVALID_INPUT',
      `The value of ${name} ${why}: it could not be kept out of logs without wrecking them.`,
      {
        remedy: 'Have a longer, random one issued.',
      },
    )
  const text = secretText(value)
  const characters = text === undefined ? value.byteLength : Array.from(text).length
  if (characters < SECRET_LIMITS.minCharacters) throw refuse(`has fewer than ${SECRET_LIMITS.minCharacters} characters`)
  if (new Set(value).size < SECRET_LIMITS.minDistinctBytes)
    throw refuse(`has fewer than ${SECRET_LIMITS.minDistinctBytes} different bytes`)
  if (value.byteLength > SECRET_LIMITS.maxBytes)
    throw new SeamError('LIMIT_EXCEEDED', `The value of ${name} is over ${SECRET_LIMITS.maxBytes} bytes.`, {
      remedy: 'Keep the data elsewhere, and here the key to it.',
    })
  if (text !== undefined && `[redacted:${name}]`.includes(text))
    throw refuse('is a part of the marker that would take its place')
}
