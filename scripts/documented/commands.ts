import { spawnSync } from 'node:child_process'
import { checkArguments } from '../../packages/cli/src/arguments.ts'
import { COMMANDS } from '../../packages/cli/src/commands/index.ts'
import type { CodeBlock } from './blocks.ts'
import { placeOf } from './blocks.ts'

/** What is wrong in lines of the shell, with the shell itself and with the commands of `seamark` in them. */
export async function commandProblems(block: CodeBlock): Promise<readonly string[]> {
  const problems = await Promise.all(simpleCommands(linesOf(block)).map(problemOf))
  const { status, stderr } =
    block.language === 'sh'
      ? spawnSync('bash', ['-n'], { input: block.text, encoding: 'utf8' })
      : { status: 0, stderr: '' }
  return [...problems.flat(), ...(status === 0 ? [] : [stderr.trim()])].map(
    (problem) => `${placeOf(block)}: ${problem}`,
  )
}

/** Of a block that shows a terminal, what was typed. */
function linesOf({ language, text }: CodeBlock): string {
  if (language === 'sh') return text
  return [...text.matchAll(/^\$ (.*)$/gm)].map(([, line]) => line).join('\n')
}

async function problemOf(words: readonly string[]): Promise<readonly string[]> {
  const at = words.indexOf('seamark')
  if (at === -1 || !(at === 0 || words[0] === 'npx')) return []
  const [first = '', second = ''] = words.slice(at + 1)
  if (['--help', '--version', 'COMMAND'].includes(first)) return []
  const named = (name: string) => COMMANDS.find((command) => command.name === name)
  const pair = named(`${first} ${second}`)
  const entry = pair ?? named(first)
  if (entry === undefined) return [`there is no command: ${words.slice(at).join(' ')}`]
  const { args, takesCommand, takesMore } = await entry.load()
  const given = words.slice(at + (pair === undefined ? 2 : 3))
  const end = takesCommand ? given.indexOf('--') : -1
  if (end === 0) return []
  try {
    checkArguments(entry.name, args, end === -1 ? given : given.slice(0, end), takesMore)
    return []
  } catch (error) {
    return [`${words.slice(at).join(' ')}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

const TOKEN = /\\\n|\\.|'[^']*'|"(?:\\.|[^"\\])*"|(?<![^\s;&|(])#.*|[<>]+&?|[;&|()\n]|[^\S\n]+|[^\s'"\\;&|()<>]+/gs

/** The words of each simple command, without comments and without what is written to or read from files. */
export function simpleCommands(text: string): readonly (readonly string[])[] {
  const commands: string[][] = []
  let words: string[] = []
  let word: string | undefined
  let isFile = false
  const endWord = () => {
    if (word !== undefined && !isFile) words.push(word)
    if (word !== undefined) isFile = false
    word = undefined
  }
  const endCommand = () => {
    endWord()
    if (words.length > 0) commands.push(words)
    words = []
    isFile = false
  }
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^[;&|()\n]$/.test(token)) endCommand()
    else if (/^[<>]/.test(token)) {
      // The number of a stream belongs to what follows it.
      if (/^\d$/.test(word ?? '')) word = undefined
      endWord()
      isFile = true
    } else if (/^\s+$/.test(token) || token === '\\\n' || token.startsWith('#')) endWord()
    else word = (word ?? '') + (/^['"]/.test(token) ? token.slice(1, -1) : token.replace(/^\\/, ''))
  }
  endCommand()
  return commands
}
