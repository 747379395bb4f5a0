/** Colours, or nothing where there is no terminal or `NO_COLOR` is set. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly blue: (text: string) => string
  readonly cyan: (text: string) => string
}

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
  }
}

// Of escape sequences a terminal gets only colours: text from a sandbox must not move the cursor, set titles or paste.
// oxlint-disable-next-line no-control-regex
const unsafe = /\u001B\[[0-9;]*m|[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g

/** Text that is safe to show on a terminal: colours stay, other control characters are shown as they are named. */
export function harmless(text: string): string {
  return text.replaceAll(unsafe, (found) => {
    if (found.length > 1 || found === '\r') return found
    return `\\u{${found.charCodeAt(0).toString(16)}}`
  })
}

/** Shortened to a width, with an ellipsis. Only for text without colours. */
export function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
