/** Markup that is safe to put into a page: only `markup` and `trusted` make it. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Value = Html | string | number | undefined | readonly Value[]

/** A template whose values are escaped, but for markup; lists are joined, and nothing stands for `undefined`. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  let text = parts[0] ?? ''
  for (const [at, value] of values.entries()) text += textOf(value) + (parts[at + 1] ?? '')
  return new Html(text)
}

/** Markup from elsewhere that is known to be escaped. */
export function trusted(text: string): Html {
  return new Html(text)
}

function textOf(value: Value): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  return typeof value === 'string' || typeof value === 'number' ? escape(String(value)) : value.map(textOf).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A text for an element or a quoted attribute. What can not be seen, or turns text around, is shown by its number. */
export function escape(text: string): string {
  return visible(text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? ''))
}

// Controls but tab and line feed, joiners, marks of direction, and halves of pairs.
const hidden =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]|\p{Cs}/gu

/** The same text or markup with each such character as `\u{202e}`. */
export function visible(text: string): string {
  return text.replaceAll(hidden, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}
