/** A function that replaces every occurrence of known secret values, and of their base64, base64url, hex and percent encodings. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const needles = new Set<string>()
  for (const secret of secrets) {
    // Shorter values would tear ordinary text apart; they are no credentials.
    if (secret.length < 6) continue
    const bytes = Buffer.from(secret, 'utf8')
    for (const form of [
      secret,
      bytes.toString('base64'),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      encodeURIComponent(secret),
    ])
      needles.add(form)
  }
  const ordered = [...needles].sort((a, b) => b.length - a.length)
  return (text) => ordered.reduce((out, needle) => out.replaceAll(needle, '[redacted]'), text)
}
