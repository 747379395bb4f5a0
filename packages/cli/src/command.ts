import type { ArgsDef, ParsedArgs } from 'citty'
import type { CliEnvironment } from './env.ts'
import type { ServiceHost } from './host.ts'
import type { Terminal } from './terminal.ts'

/** What every command is given. */
export interface CliContext {
  readonly host: ServiceHost
  readonly io: Terminal
  readonly env: CliEnvironment
  readonly cwd: string
  /** Version of Seamark. */
  readonly version: string
}

interface TextOption {
  readonly type: 'string'
  readonly valueHint: string
  readonly description: string
}

interface Flag {
  readonly type: 'boolean'
  readonly alias?: string
  readonly description: string
}

/** Options that every command has. */
export interface CommonArgs {
  readonly data: TextOption
  readonly config: TextOption
  /** Absent where a command writes a file of that name. */
  readonly output: TextOption
  readonly json: Flag
  readonly help: Flag
}

export const COMMON: CommonArgs = {
  data: { type: 'string', valueHint: 'DIR', description: 'Data folder. Default: the nearest .seamark' },
  config: {
    type: 'string',
    valueHint: 'FILE',
    description: 'Configuration to run, or none. Default: SEAMARK_CONFIG',
  },
  output: { type: 'string', valueHint: 'FORMAT', description: 'table, json or yaml. Default: table' },
  json: { type: 'boolean', description: 'Machine-readable output; the same as --output json' },
  help: { type: 'boolean', alias: 'h', description: 'Shows this' },
}

export interface Example {
  readonly line: string
  readonly says: string
}

/** What is known of a command before it is loaded. */
export interface CommandEntry {
  /** One or two words. */
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** One command, ready to be run with arguments that were checked. */
export interface Command {
  /** As its entry has it. */
  readonly name: string
  readonly args: ArgsDef
  readonly examples: readonly Example[]
  /** Sentences under the options. */
  readonly notes: readonly string[]
  /** Whether it takes words of a command after `--`. */
  readonly takesCommand: boolean
  /** Whether its last argument may be given several times. */
  readonly takesMore: boolean
  /** Resolves with the exit code. */
  readonly run: (context: CliContext, rawArgs: string[]) => Promise<number>
}

export interface CommandSpec<T extends ArgsDef> {
  readonly name: string
  readonly args: T
  readonly examples: readonly Example[]
  readonly notes?: readonly string[]
  /** Absent: no. */
  readonly takesCommand?: true
  /** Absent: no. All of them are in `args._`. */
  readonly takesMore?: true
  /** `words` are those after `--`, where it takes a command; `undefined` where there is no `--`. */
  readonly run: (
    context: CliContext,
    args: ParsedArgs<T & CommonArgs>,
    words: readonly string[] | undefined,
    /** Every argument before them, as it was given. */
    given: readonly string[],
  ) => Promise<number>
}
