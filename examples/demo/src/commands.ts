import { readEnvironment, runCli } from '@seamark/cli'
import type { CliContext, Terminal } from '@seamark/cli'
import { readServerEnvironment, serviceHost, VERSION } from '@seamark/server'

/** What a command wrote and its exit code. */
export interface Answer {
  readonly code: number
  readonly out: Buffer
  readonly err: string
}

export interface Commands {
  /** Runs a command on the terminal, and resolves with its exit code. */
  show(...argv: string[]): Promise<number>
  /** Runs a command and keeps what it writes. */
  ask(...argv: string[]): Promise<Answer>
}

/** The `seamark` command in this process: the same command lines, without starting Node again for each. */
export function commands(cwd: string, data: string, io: Terminal): Commands {
  const context: CliContext = {
    host: serviceHost(readServerEnvironment()),
    io,
    env: { ...readEnvironment(), data, config: 'none' },
    cwd,
    version: VERSION,
  }
  return {
    show: (...argv) => runCli(argv, context),
    async ask(...argv) {
      const chunks: Uint8Array[] = []
      let err = ''
      const quiet: Terminal = {
        ...io,
        interactive: false,
        out: async (bytes) => void chunks.push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
        err: (text) => void (err += text),
      }
      const code = await runCli(argv, { ...context, io: quiet })
      return { code, out: Buffer.concat(chunks), err }
    },
  }
}
