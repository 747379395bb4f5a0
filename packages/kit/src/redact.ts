import { textForms } from './redact-forms.ts'

// Shorter values would tear ordinary text apart; they are no credentials.
const shortest = 6

/**
 * A function that replaces every occurrence of known secret values, and of their JSON, percent,
 * hex, base64 and base64url encodings, also inside a longer encoded value. Values under 6
 * characters are left alone. For a stream, and for values that are refused rather than left, see
 * `streamRedactor`.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const needles = new Set([...secrets].filter((secret) => secret.length >= shortest).flatMap(textForms))
  const ordered = [...needles].sort((a, b) => b.length - a.length)
  return (text) => ordered.reduce((out, needle) => out.replaceAll(needle, '[redacted]'), text)
}
