import { POLICY_LIMITS } from './limits.ts'

// Words that open or close a compound command, or change how the next one is read.
const reserved = new Set(
  '! { } [[ ]] if then elif else fi for select case esac while until do done in function time coproc'.split(' '),
)
// What a shell expands, or reads as more than a simple command, where it is not quoted.
const special = /[$`(){}<>*?[#]/

/** Commands of a line, each as its arguments, or `undefined`. */
export type Commands = readonly (readonly string[])[] | undefined

/**
 * Reads a line as a POSIX shell does, as far as what runs is plain from the text: words with single quotes, double quotes
 * and backslashes, joined by `&&`, `||`, `;`, `|` and line ends. `undefined` for all else: expansions (`$`, backquote,
 * globs, braces, `~`), redirections, `&`, subshells, compound commands, assignments before a command, comments, here
 * documents, an open quote, control characters, spaces that are not ASCII. An empty line has no commands.
 */
export function parseCommandLine(line: string): Commands {
  if (line.length > POLICY_LIMITS.commandLength || /[\0-\x08\x0b-\x1f\x7f]/.test(line) || !line.isWellFormed())
    return undefined
  const commands: string[][] = []
  let words: string[] = []
  /** The word that is being read; `undefined` between words. */
  let word: string | undefined
  /** Whether a command must follow: after `&&`, `||` and `|`. */
  let open = false

  const endWord = () => {
    if (word !== undefined) words.push(word)
    word = undefined
  }
  const endCommand = () => {
    endWord()
    if (words.length === 0) return false
    commands.push(words)
    words = []
    open = false
    return true
  }

  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    const next = line.charAt(at + 1)
    if (character === "'") {
      const end = line.indexOf("'", at + 1)
      if (end < 0) return undefined
      word = (word ?? '') + line.slice(at + 1, end)
      at = end
    } else if (character === '"') {
      const quoted = readDouble(line, at + 1)
      if (quoted === undefined) return undefined
      word = (word ?? '') + quoted.text
      at = quoted.end
    } else if (character === '\\') {
      if (next === '' || next === '\n') return undefined
      word = (word ?? '') + next
      at++
    } else if (character === ' ' || character === '\t') endWord()
    else if (character === '\n') endCommand()
    else if (character === ';') {
      if (!endCommand()) return undefined
    } else if (character === '|' || character === '&') {
      const double = next === character
      if ((character === '&' && !double) || (character === '|' && next === '&') || !endCommand()) return undefined
      if (double) at++
      open = true
    } else {
      if (special.test(character) || /\s/u.test(character)) return undefined
      if (character === '~' && (word === undefined || /[=:]$/.test(word))) return undefined
      if (character === '=' && word === undefined) return undefined
      word = (word ?? '') + character
    }
  }
  endCommand()
  if (open) return undefined
  const plain = commands.every(([program = '']) => !reserved.has(program) && !/^[A-Za-z_]\w*\+?=/.test(program))
  return plain ? commands : undefined
}

/** Text in double quotes from `start`, and where it ends. */
function readDouble(line: string, start: number): { readonly text: string; readonly end: number } | undefined {
  let text = ''
  for (let at = start; at < line.length; at++) {
    const character = line.charAt(at)
    if (character === '"') return { text, end: at }
    if (character === '$' || character === '`') return undefined
    if (character === '\\') {
      const next = line.charAt(at + 1)
      if (next === '' || next === '\n') return undefined
      text += /["\\$`]/.test(next) ? next : `\\${next}`
      at++
    } else text += character
  }
  return undefined
}
