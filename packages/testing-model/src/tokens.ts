import canonicalize from 'canonicalize'

/** Bytes of UTF-8 that are one token. */
export const TOKEN_BYTES = 4

/** The tokens of one text: one for each four bytes of its UTF-8, and one for what is left over. The empty text has none. */
export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text, 'utf8') / TOKEN_BYTES)
}

/** The tokens of a value: those of its RFC 8785 canonical JSON as a text. */
export function tokensOfJson(value: unknown): number {
  return tokensOf(canonicalize(value) ?? '')
}

/** The tokens of arguments that are sent as text: as a value where the text is JSON, otherwise as the text. */
export function tokensOfArguments(text: string): number {
  try {
    const value: unknown = JSON.parse(text)
    return tokensOfJson(value)
  } catch {
    return tokensOf(text)
  }
}
