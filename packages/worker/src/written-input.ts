import { SeamError, systemCode } from '@seamark/kit'
import { appendFile, readFile } from 'node:fs/promises'

/** Sends bytes to the program's standard input. Errors: those of `Executor.send`. */
export type SendInput = (bytes: Uint8Array) => Promise<void>

interface Written {
  /** Bytes that the program has. */
  readonly done: number
  /** Bytes that it was sent, or was about to be. More than `done` where a service ended in between, or could not send. */
  readonly begun: number
}

/**
 * Writes each byte of a program's input at most once, also over restarts of the service: the file `path` says how far it came,
 * before and after each write. It needs no sync: a machine that goes down takes the program with it.
 *
 * Errors of what is returned: as `RuntimeAccess.write` has them.
 */
export function writtenInput(path: string, send: SendInput): (bytes: Uint8Array, at: number) => Promise<void> {
  // Nobody else writes meanwhile, so the file is read once, and again after what failed.
  let known: Written | undefined
  return async (bytes, at) => {
    const { done, begun } = known ?? (await readWritten(path))
    known = { done, begun }
    const end = at + bytes.byteLength
    if (end <= done) return
    if (at !== begun)
      throw new SeamError('CONFLICT', `Whether the program has the bytes from ${at} of its input is not known.`, {
        remedy: 'Have it end, and try the item again.',
      })
    known = undefined
    await appendFile(path, `begun ${end}\n`)
    await send(bytes)
    await appendFile(path, `done ${end}\n`)
    known = { done: end, begun: end }
  }
}

async function readWritten(path: string): Promise<Written> {
  let text: string
  try {
    text = await readFile(path, 'latin1')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { done: 0, begun: 0 }
    throw error
  }
  // A line that was cut off by an end of the service counts for nothing: what it says did not happen, or is not known to have.
  const last = (word: string) => Number([...text.matchAll(new RegExp(`^${word} (\\d+)\\n`, 'gm'))].at(-1)?.[1] ?? 0)
  const [done, begun] = [last('done'), last('begun')]
  return { done, begun: Math.max(done, begun) }
}
