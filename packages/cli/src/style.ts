/** Colours, or nothing where there is no terminal or `NO_COLOR` is set. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly blue: (text: string) => string
  readonly cyan: (text: string) => string
  /** What a program wrote, made harmless: in its colours, which end with it, or in none. */
  readonly output: (text: string) => string
}

const RESET = '\u001B[0m'

export function style(colours: boolean): Style {
  const paint = (on: number, off: number) => (text: string) => (colours ? `\u001B[${on}m${text}\u001B[${off}m` : text)
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    blue: paint(34, 39),
    cyan: paint(36, 39),
    output: (text) => {
      const safe = harmlessOutput(text)
      if (!colours) return safe.replaceAll(colour, '')
      return safe.includes('\u001B') ? `${safe}${RESET}` : safe
    },
  }
}

// Controls, and everything that turns text around or can not be seen.
const hidden = String.raw`\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}`
// Joiners belong to some scripts and emoji, and may hide in a name.
const unsafe = new RegExp(String.raw`[${hidden}\u200C\u200D]`, 'gu')
const colour = /\u001B\[[0-9;]*m/g
const unsafeOutput = new RegExp(`${colour.source}|[${hidden}]`, 'gu')

/** Text that is safe to show on a terminal and shows all that is in it: only tabs and line ends are not shown by their numbers. */
export function harmless(text: string): string {
  return text.replaceAll(unsafe, named)
}

/**
 * JSON, or YAML with every such character in double quotes, that is safe to show on a terminal: what `harmless` would show by its
 * number is written as an escape, so the data stays the same.
 */
export function harmlessDocument(text: string, format: 'json' | 'yaml'): string {
  return text.replaceAll(unsafe, (char) => {
    const code = char.codePointAt(0) ?? 0
    // YAML has no pairs of surrogates.
    if (format === 'yaml' && code > 0xff_ff) return `\\U${hex(code, 8)}`
    return Array.from({ length: char.length }, (_, at) => `\\u${hex(char.charCodeAt(at), 4)}`).join('')
  })
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

/**
 * What a program wrote, safe to show on a terminal: colours stay, and carriage returns, of which progress bars
 * are made. It may still look like something else; what must be read as it is needs `harmless`.
 */
export function harmlessOutput(text: string): string {
  return text.replaceAll(unsafeOutput, (found) => (found === '\r' || isColour(found) ? found : named(found)))
}

function named(text: string): string {
  return text.replace(/^./su, (first) => `\\u{${(first.codePointAt(0) ?? 0).toString(16)}}`)
}

// 8 hides text, unless it is the number of a colour: 38;5;8.
function isColour(text: string): boolean {
  if (text.length < 3) return false
  const rest = text.slice(2, -1).replaceAll(/(^|;)[345]8;(?:5;\d+|2;\d+;\d+;\d+)/g, '')
  return rest.split(';').every((code) => Number(code) !== 8)
}

/** Lines of whole words, none wider than `width` but one of a single word. Only for text without colours. */
export function folded(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Shortened to a width, with an ellipsis. Only for text without colours. */
export function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
