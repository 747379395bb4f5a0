import { ERRORS, meant, SeamError } from '@seamark/kit'
import type { CliContext, CommandEntry } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { commandHelp, overview } from './help.ts'
import { errorDocument, explainError } from './problems.ts'
import { wantsDocuments } from './output-format.ts'
import { reportError } from './report-error.ts'

/** Runs one command line (without `node` and the program) and resolves with its exit code; never rejects. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const { io } = context
  const json = wantsDocuments(argv)
  const code = await dispatch([...argv], context).catch((error: unknown) => reportError(io, error, { json }))
  const lost = io.lostFor()
  if (lost === undefined) return code
  io.err(json ? errorDocument(lost) : explainError(lost, io.errStyle))
  return ERRORS[lost.code].exit
}

async function dispatch(argv: string[], context: CliContext): Promise<number> {
  const { io } = context
  const [first, second] = argv
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const about = first === 'help' && second !== undefined ? find(argv.slice(1)) : undefined
    await io.out(about === undefined ? overview(COMMANDS, context.version, io.style) : await page(about[0], context))
    return 0
  }
  if (first === '--version' || first === '-v') {
    await io.out(`${context.version}\n`)
    return 0
  }
  const [entry, rest] = find(argv)
  const end = rest.indexOf('--')
  if (rest.slice(0, end === -1 ? undefined : end).some((arg) => arg === '--help' || arg === '-h')) {
    await io.out(await page(entry, context))
    return 0
  }
  const command = await entry.load()
  return command.run(context, rest)
}

async function page({ summary, load }: CommandEntry, { io }: CliContext): Promise<string> {
  return commandHelp(summary, await load(), io.style)
}

/** The command of the longest name that the arguments begin with, and the rest of them. */
function find(argv: readonly string[]): [CommandEntry, string[]] {
  const [first = '', second = ''] = argv
  const named = (words: string) => COMMANDS.find(({ name }) => name === words)
  const [pair, alone] = [named(`${first} ${second}`), named(first)]
  if (pair !== undefined) return [pair, argv.slice(2)]
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name)
  const isWord = /^[a-z-]{1,40}$/.test(second)
  const other = isWord ? meant(`${first} ${second}`, group) : undefined
  // `gc` is a command, and begins others too.
  if (alone !== undefined && other === undefined) return [alone, argv.slice(1)]
  if (group.length > 0)
    throw new SeamError(
      'INVALID_INPUT',
      isWord ? `There is no command ${first} ${second}.` : `seamark ${first} needs a second word.`,
      { remedy: other === undefined ? `Use ${group.join(' or ')}.` : `Did you mean seamark ${other}?` },
    )
  const guess = meant(
    first,
    COMMANDS.flatMap(({ name }) => name.split(' ').slice(0, 1)),
  )
  throw new SeamError('INVALID_INPUT', `There is no command ${JSON.stringify(first.slice(0, 60))}.`, {
    remedy: guess === undefined ? 'See seamark --help.' : `Did you mean seamark ${guess}?`,
  })
}
