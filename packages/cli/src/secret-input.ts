import { SeamError, SECRET_LIMITS } from '@seamark/kit'
import type { Terminal } from './terminal.ts'

/** Whether somebody can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY
}

/**
 * The value of a secret: typed at a terminal without being shown, otherwise all of standard input but for one line end.
 * Errors: `INVALID_INPUT`, `LIMIT_EXCEEDED`, `ABORTED`. None repeats what was given.
 */
export async function readSecret(io: Terminal, prompt: string): Promise<Uint8Array> {
  return canAsk() ? ask(io, prompt) : readAll()
}

async function readAll(): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin.iterator({ destroyOnReturn: true })) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    size += bytes.length
    // One line end more than a value may have.
    if (size > SECRET_LIMITS.maxBytes + 2)
      throw new SeamError('LIMIT_EXCEEDED', `Standard input has more than ${SECRET_LIMITS.maxBytes} bytes.`, {
        remedy: 'Keep the data elsewhere, and here the key to it.',
      })
    chunks.push(bytes)
  }
  const all = Buffer.concat(chunks)
  const end = all.at(-1) !== 10 ? 0 : all.at(-2) === 13 ? 2 : 1
  return new Uint8Array(all.subarray(0, all.length - end))
}

/** Asks at the terminal without showing what is typed. Errors: `ABORTED` at Ctrl-C or Ctrl-D, `INVALID_INPUT` for what is no single line. */
export async function ask(io: Terminal, prompt: string): Promise<Uint8Array> {
  const { stdin } = process
  const typed: number[] = []
  stdin.setRawMode(true)
  try {
    io.err(prompt)
    return await new Promise<Uint8Array>((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        stdin.off('data', onData)
        stdin.off('end', onEnd)
        outcome()
      }
      const onEnd = (): void => settle(() => reject(stopped()))
      const onData = (chunk: Buffer): void => {
        for (const [at, byte] of chunk.entries()) {
          const key = keyOf(byte)
          if (key === 'stop') return settle(() => reject(stopped()))
          if (key === 'enter')
            // What follows would be typed into the shell.
            return settle(() => (at < chunk.length - 1 ? reject(severalLines()) : resolve(Uint8Array.from(typed))))
          if (key === 'control') return settle(() => reject(severalLines()))
          if (key === 'clear') typed.length = 0
          else if (key === 'erase') erase(typed)
          else typed.push(byte)
        }
      }
      stdin.on('data', onData)
      stdin.on('end', onEnd)
      // The question before may have paused it.
      stdin.resume()
    })
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    io.err('\n')
  }
}

function keyOf(byte: number): 'stop' | 'enter' | 'erase' | 'clear' | 'control' | 'text' {
  if (byte === 3 || byte === 4) return 'stop'
  if (byte === 10 || byte === 13) return 'enter'
  if (byte === 8 || byte === 127) return 'erase'
  if (byte === 21) return 'clear'
  return byte < 32 && byte !== 9 ? 'control' : 'text'
}

/** Takes off the last character, which may be several bytes of UTF-8. */
function erase(typed: number[]): void {
  while (((typed.pop() ?? 0) & 0b1100_0000) === 0b1000_0000);
}

function stopped(): SeamError {
  return new SeamError('ABORTED', 'Stopped on request: nothing was changed.', { remedy: 'Run it again.' })
}

function severalLines(): SeamError {
  return new SeamError('INVALID_INPUT', 'What was typed is more than one line of text: nothing was changed.', {
    remedy: 'Give a value of several lines, or with control characters, on standard input.',
  })
}
