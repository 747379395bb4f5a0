import { aliasOf } from './arguments.ts'
import type { Command, CommandEntry } from './command.ts'
import type { Style } from './style.ts'

/** The page of one command. */
export function commandHelp(summary: string, command: Command, style: Style): string {
  const positionals = Object.entries(command.args).filter(([, def]) => def.type === 'positional')
  const options = Object.entries(command.args).filter(([, def]) => def.type !== 'positional')
  const shape = positionals.map(([name, def]) =>
    def.required === false ? `[${name.toUpperCase()}]` : name.toUpperCase(),
  )
  if (command.takesMore) shape.push('[…]')
  const rows = [
    ...positionals.map(([name, def]) => [name.toUpperCase(), def.description ?? ''] as const),
    ...options.map(([name, def]) => {
      const short = aliasOf(def)
      const hint = def.type === 'boolean' ? '' : ` ${def.valueHint ?? name.toUpperCase()}`
      return [`${short === undefined ? '    ' : `-${short}, `}--${name}${hint}`, def.description ?? ''] as const
    }),
  ]
  return [
    summary,
    '',
    `${style.bold('Usage')}  seamark ${[command.name, ...shape].join(' ')} [options]${command.takesCommand ? ' [-- COMMAND [ARG…]]' : ''}`,
    '',
    table(rows),
    ...(command.notes.length > 0 ? ['', ...command.notes] : []),
    '',
    style.bold('Examples'),
    table(command.examples.map(({ line, says }) => [line, says] as const)),
    '',
  ].join('\n')
}

/** The first page. */
export function overview(commands: readonly CommandEntry[], version: string, style: Style): string {
  return [
    `seamark ${version}: runs coding agents unattended on your own machines, with a record anyone can check.`,
    '',
    `${style.bold('Usage')}  seamark COMMAND [options]`,
    '',
    table(commands.map(({ name, summary }) => [name, summary] as const)),
    '',
    'seamark COMMAND --help shows options and examples. A run may be abbreviated; `last` is the newest.',
    'Exit codes: 0 good, 2 bad input, 3 not allowed, 4 not found, 5 conflict, 6 over a limit, 7 unsupported,',
    '8 stopped or out of time, 9 unavailable, 10 tampered or damaged, 11 the run failed, 12 not verified, 1 a defect.',
    '',
  ].join('\n')
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join('\n')
}
