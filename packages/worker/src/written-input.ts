import { SeamError, systemCode } from '@seamark/kit'
import { createReadStream } from 'node:fs'
import { appendFile, truncate } from 'node:fs/promises'

/** Sends bytes to the program's standard input. Errors: those of `Executor.send`. */
export type SendInput = (bytes: Uint8Array) => Promise<void>

/** As `RuntimeAccess.write`. */
type WriteInput = (bytes: Uint8Array, at: number, after: number) => Promise<void>

/** One write to a program. */
interface InputWrite {
  /** Bytes of the input up to the end of this write. */
  readonly end: number
  /** Bytes of the output that it follows from: never fewer than those of the write before it. */
  readonly after: number
  /** What was written; absent where it was past what is kept. */
  readonly bytes?: Uint8Array
  /** How many bytes that were. */
  readonly size: number
  /** Whether the program is known to have it. */
  readonly sent: boolean
}

interface Written {
  /** Bytes that the program has. */
  readonly done: number
  /** Bytes that it was sent, or was about to be. More than `done` where a service ended in between, or could not send. */
  readonly begun: number
  /** Bytes of it whose content is in the file. */
  readonly kept: number
}

/**
 * Writes each byte of a program's input at most once, also over restarts of the service: the file `path` says how far it came,
 * before and after each write, and what was written, up to `maxKeptBytes` in all. It needs no sync: a machine that goes down takes
 * the program with it.
 *
 * Errors of what is returned: as `RuntimeAccess.write` has them.
 */
export function writtenInput(path: string, send: SendInput, maxKeptBytes: number): WriteInput {
  // Nobody else writes meanwhile, so the file is read once, and again after what failed.
  let known: Written | undefined
  return async (bytes, at, after) => {
    const { done, begun, kept } = known ?? (await readWritten(path))
    known = { done, begun, kept }
    const end = at + bytes.byteLength
    if (end <= done) return
    if (at !== begun)
      throw new SeamError('CONFLICT', `Whether the program has the bytes from ${at} of its input is not known.`, {
        remedy: 'Have it end, and try the item again.',
      })
    known = undefined
    const fits = kept + bytes.byteLength <= maxKeptBytes
    const content = fits ? ` ${Buffer.from(bytes).toString('base64')}` : ''
    await appendFile(path, `begun ${end} ${after}${content}\n`)
    await send(bytes)
    await appendFile(path, `done ${end}\n`)
    known = { done: end, begun: end, kept: fits ? kept + bytes.byteLength : kept }
  }
}

async function readWritten(path: string): Promise<Written> {
  let known: Written = { done: 0, begun: 0, kept: 0 }
  let whole = 0
  let size = 0
  for await (const line of linesOf(path)) {
    size = line.to
    if (!line.whole) continue
    whole = line.to
    const { word, end, bytes } = parsed(line.text) ?? {}
    const { done, begun, kept } = known
    if (word === 'begun' && end !== undefined) known = { done, begun: end, kept: kept + (bytes?.byteLength ?? 0) }
    if (word === 'done' && end !== undefined) known = { done: end, begun: Math.max(begun, end), kept }
  }
  // A line that was cut off by an end of the service counts for nothing: what it says did not happen, or is not known to have.
  if (size > whole) await truncate(path, whole)
  return known
}

/** What a program was written, in order. Reads the file as it goes; holds one write in memory. */
export async function* inputWrites(path: string): AsyncGenerator<InputWrite> {
  let open: InputWrite | undefined
  let [from, last] = [0, 0]
  for await (const { text, whole } of linesOf(path)) {
    const line = whole ? parsed(text) : undefined
    if (line === undefined) continue
    if (open !== undefined) yield { ...open, sent: line.word === 'done' && line.end === open.end }
    open = undefined
    if (line.word === 'done') continue
    const { end, after = last, bytes } = line
    last = Math.max(last, after)
    open = { end, after: last, size: Math.max(0, end - from), sent: false, ...(bytes && { bytes }) }
    from = end
  }
  if (open !== undefined) yield open
}

const LINE = /^(begun|done) (\d{1,15})(?: (\d{1,15}))?(?: ([A-Za-z0-9+/=]*))?$/

function parsed(line: string) {
  const found = LINE.exec(line)
  if (found === null) return undefined
  const [, word, end, after, content] = found
  return {
    word,
    end: Number(end),
    ...(after !== undefined && { after: Number(after) }),
    ...(content !== undefined && { bytes: Buffer.from(content, 'base64') }),
  }
}

/** Lines of a file, each with the offset of the byte after it; the last may have no newline. None where there is no file. */
async function* linesOf(path: string): AsyncGenerator<{ text: string; to: number; whole: boolean }> {
  let held: string[] = []
  let to = 0
  try {
    for await (const piece of createReadStream(path, 'latin1')) {
      let rest = String(piece)
      for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n')) {
        const text = [...held, rest.slice(0, at)].join('')
        held = []
        rest = rest.slice(at + 1)
        to += text.length + 1
        yield { text, to, whole: true }
      }
      if (rest !== '') held.push(rest)
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  const text = held.join('')
  if (text !== '') yield { text, to: to + text.length, whole: false }
}
