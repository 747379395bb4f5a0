import type { WriteStream } from 'node:tty'
import { fromSystemError } from '@seamark/kit'
import type { SeamError } from '@seamark/kit'
import type { Style } from './style.ts'
import { style } from './style.ts'

/** Where a command writes. */
export interface Terminal {
  /** Writes to standard output and waits while the reader is slower. Errors: those of the system; the first is in `lost`. */
  out(bytes: string | Uint8Array): Promise<void>
  /** Aborted once standard output takes nothing more, as on a full disk. A reader that has gone is no error. */
  readonly lost: AbortSignal
  /** Why, once it is. */
  lostFor(): SeamError | undefined
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
  const lost = new AbortController()
  let failure: SeamError | undefined
  let gone = false
  function failed(error: NodeJS.ErrnoException): void {
    if (gone || failure !== undefined) return
    if (error.code === 'EPIPE' || (error.code === 'EIO' && stdout.isTTY)) {
      gone = true
      // Whoever read our output has gone. What runs for them is stopped as if the terminal had been closed.
      if (!process.emit('SIGHUP', 'SIGHUP')) process.exit(0)
      return
    }
    failure = fromSystemError(error, 'Writing to standard output')
    lost.abort(failure)
  }
  stdout.on('error', failed)
  // There is nowhere left to tell of it; the exit code does.
  stderr.on('error', () => undefined)
  return {
    out: (bytes) =>
      new Promise((resolve, reject) => {
        stdout.write(bytes, (error) => {
          if (error) failed(error)
          if (failure === undefined) resolve()
          else reject(failure)
        })
      }),
    lost: lost.signal,
    lostFor: () => failure,
    err: (text) => void stderr.write(text),
    interactive: stdout.isTTY,
    size: () => sizeOf(stdout),
    style: style(stdout.isTTY && !noColor),
    errStyle: style(stderr.isTTY && !noColor),
  }
}

/** Writes where nobody waits for it: that it could not be is told by `lost`. */
export async function tryOut(io: Terminal, text: string): Promise<void> {
  try {
    await io.out(text)
  } catch (error) {
    if (error !== io.lostFor()) throw error
  }
}

function sizeOf({ columns, rows }: Partial<WriteStream>): { columns: number; rows: number } {
  // A pseudo-terminal may say 0.
  return {
    columns: columns === undefined || columns < 20 ? 80 : columns,
    rows: rows === undefined || rows < 5 ? 24 : rows,
  }
}
