import { runCli } from '../../packages/cli/src/index.ts'
import type { ServiceHost } from '../../packages/cli/src/index.ts'
import { COMMANDS } from '../../packages/cli/src/commands/index.ts'
import { style } from '../../packages/cli/src/style.ts'

/** Help starts no service. */
const never = async (): Promise<never> => {
  throw new Error('A page of help started something.')
}
const host: ServiceHost = { serve: never, startInProcess: never, migrate: never, secrets: never }

/** What the command writes for arguments that ask for help, without colours. */
async function printed(argv: readonly string[]): Promise<string> {
  const parts: string[] = []
  const code = await runCli(argv, {
    host,
    env: { noColor: true, dumb: true },
    cwd: process.cwd(),
    version: 'VERSION',
    io: {
      out: async (text) => void parts.push(String(text)),
      err: (text) => void parts.push(text),
      lost: new AbortController().signal,
      lostFor: () => undefined,
      interactive: false,
      size: () => ({ columns: 120, rows: 40 }),
      style: style(false),
      errStyle: style(false),
    },
  })
  const text = parts.join('')
  if (code !== 0) throw new Error(`seamark ${argv.join(' ')} ended with ${code}: ${text}`)
  return text
}

const block = (text: string): string => `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`

/** `docs/reference/cli.md`: what `--help` of the command and of each of its commands prints. */
export async function cliPage(): Promise<string> {
  const sections: string[] = []
  for (const { name } of COMMANDS)
    sections.push(`## seamark ${name}\n\n${block(await printed([...name.split(' '), '--help']))}`)
  return `# The seamark command

What \`seamark --help\` and \`seamark COMMAND --help\` print. The exit codes are those of [the table of errors](errors.md), and 11 where the run
failed, 12 where evidence was not verified; they are the same in every format of \`--output\`.

${block(await printed(['--help']))}
${sections.join('\n')}`
}
