/** A line that a POSIX shell reads as exactly these words: nothing in them is expanded, split or run. */
export function shellLine(words: readonly string[]): string {
  return words.map((word, at) => (isPlain(word, at === 0) ? word : quoted(word))).join(' ')
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** Words that a shell reads as its grammar where a command may begin. */
export const SHELL_RESERVED: ReadonlySet<string> = new Set([
  'case',
  'do',
  'done',
  'elif',
  'else',
  'esac',
  'fi',
  'for',
  'function',
  'if',
  'in',
  'select',
  'then',
  'time',
  'until',
  'while',
])

// In front, they and `NAME=value` are read as something else than a word.
function isPlain(word: string, first: boolean): boolean {
  if (!/^[A-Za-z0-9_%+,./:=@-]+$/.test(word)) return false
  return !first || (!word.includes('=') && !SHELL_RESERVED.has(word))
}
