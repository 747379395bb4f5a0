const longest = 60

/** Control, format (bidirectional and zero-width ones too), surrogate, private and unassigned characters, and line separators. */
const hidden = /[\p{C}\p{Zl}\p{Zp}]/u
const allHidden = new RegExp(hidden.source, 'gu')

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

/** Text from a document, in quotes, shortened, with every hidden character shown as `\u{…}`. */
export function quoted(text: string): string {
  const start = text.slice(0, longest)
  const shown = start.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replace(allHidden, escaped)
  return text.length > longest ? `"${shown}…" (${text.length} characters)` : `"${shown}"`
}

/** Whether text can stand in a message or pointer as it is. */
export function isPlain(text: string): boolean {
  return text.length <= 200 && !hidden.test(text)
}

/** A sentence that may hold text from a document: cut, and with hidden characters shown. */
export function presentable(sentence: string): string {
  const start = sentence.slice(0, 200).replace(allHidden, escaped)
  return sentence.length > 200 ? `${start}…` : start
}
