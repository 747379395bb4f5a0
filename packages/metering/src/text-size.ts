import type { JsonBody } from './json-body.ts'

const SLICE = 65_536

/**
 * The most bytes that the text of a body has for a model: as it was sent, or in the compatibility form (NFKC) to which
 * some bring a text before they divide it into tokens, in which one character can become eighteen.
 */
export function textSize({ text, value }: JsonBody): number {
  const sent = Buffer.byteLength(text)
  if (!/[^\0-\x7f]|\\u/.test(text)) return sent
  // Written anew, so that no character hides behind an escape.
  const plain = JSON.stringify(value)
  let normal = 0
  for (let at = 0; at < plain.length; at += SLICE)
    normal += Buffer.byteLength(plain.slice(at, at + SLICE).normalize('NFKC'))
  return Math.max(sent, normal)
}
