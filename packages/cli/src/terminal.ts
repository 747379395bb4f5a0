import type { WriteStream } from 'node:tty'
import type { Style } from './style.ts'
import { style } from './style.ts'

/** Where a command writes. */
export interface Terminal {
  /** Writes to standard output and waits while the reader is slower. */
  out(bytes: string | Uint8Array): Promise<void>
  err(text: string): void
  /** Whether standard output is a terminal, which may be redrawn. */
  readonly interactive: boolean
  size(): { readonly columns: number; readonly rows: number }
  readonly style: Style
  /** Colours of what goes to standard error. */
  readonly errStyle: Style
}

export interface TerminalOptions {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly noColor: boolean
}

export function nodeTerminal({ stdout, stderr, noColor }: TerminalOptions): Terminal {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    // Whoever read our output has gone. What runs for them is stopped as if the terminal had been closed.
    if (!process.emit('SIGHUP', 'SIGHUP')) process.exit(0)
  })
  return {
    out: (bytes) =>
      // An error comes as an event as well, and ends the process there.
      new Promise((resolve) => {
        stdout.write(bytes, () => resolve())
      }),
    err: (text) => void stderr.write(text),
    interactive: stdout.isTTY,
    size: () => sizeOf(stdout),
    style: style(stdout.isTTY && !noColor),
    errStyle: style(stderr.isTTY && !noColor),
  }
}

function sizeOf({ columns, rows }: Partial<WriteStream>): { columns: number; rows: number } {
  // A pseudo-terminal may say 0.
  return {
    columns: columns === undefined || columns < 20 ? 80 : columns,
    rows: rows === undefined || rows < 5 ? 24 : rows,
  }
}
