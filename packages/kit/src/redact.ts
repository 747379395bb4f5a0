// Shorter values would tear ordinary text apart; they are no credentials.
const shortest = 6

/** Base64 of the bytes wherever they stand in a longer value, such as `user:secret`: only characters that no neighbour changes. */
function base64Within(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8')
  const base64 = [bytes.toString('base64'), ...[0, 1, 2].map((offset) => base64Within(bytes, offset))]
  const hex = bytes.toString('hex')
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/**
 * A function that replaces every occurrence of known secret values, and of their JSON, percent,
 * hex, base64 and base64url encodings, also inside a longer encoded value. Values under 6
 * characters are left alone.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const needles = new Set([...secrets].filter((secret) => secret.length >= shortest).flatMap(formsOf))
  const ordered = [...needles].sort((a, b) => b.length - a.length)
  return (text) => ordered.reduce((out, needle) => out.replaceAll(needle, '[redacted]'), text)
}
