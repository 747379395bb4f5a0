import type { BlobRef, CallOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { TranscriptLine } from '@seamark/protocol'
import { z } from 'zod'
import type { Deployment } from './deployment.ts'
import { readBlob } from './patch.ts'

/** Characters of a line that are in one piece, as `TranscriptLine` has it. */
const PIECE = 65_536
/** Longest line of what a program was written, as it is stored: 16 MiB of one write, each byte of it escaped. */
const MOST_STORED = 16 * 2 ** 20 * 6 + 1_024

const write = z.object({
  after: z.int().min(0),
  text: z.string().exactOptional(),
  unsure: z.literal(true).exactOptional(),
  omitted: z.int().min(0).exactOptional(),
})
type Write = z.infer<typeof write>

/**
 * What a program wrote to stdout and what it was written, in the order in which one followed from the other. With `fromByte` it begins
 * there in stdout, and leaves out what was written before. Errors: those of `readBlob`; `INTEGRITY` where `stdin` holds something else.
 */
export async function* transcript(
  deployment: Deployment,
  { stdout, stdin }: { readonly stdout: BlobRef; readonly stdin?: BlobRef | undefined },
  { fromByte = 0, ...options }: CallOptions & { readonly run: string; readonly fromByte?: number },
): AsyncGenerator<TranscriptLine> {
  const writes = stdin === undefined ? none() : writesIn(readBlob(deployment, stdin.sha256, options))
  let next = await writes.next()
  while (next.done !== true && next.value.after < fromByte) next = await writes.next()
  const program = cutter('program')
  let at = fromByte
  try {
    if (fromByte < stdout.size)
      for await (const piece of readBlob(deployment, stdout.sha256, { ...options, from: fromByte })) {
        for (let start = 0; start < piece.byteLength;) {
          const place = next.done === true ? Infinity : next.value.after
          const end = Math.min(piece.byteLength, Math.max(start, place - at))
          yield* program.take(piece.subarray(start, end))
          start = end
          if (next.done === true || at + end < place) continue
          yield* program.end()
          yield* told(next.value)
          next = await writes.next()
        }
        at += piece.byteLength
      }
    yield* program.end()
    for (; next.done !== true; next = await writes.next()) yield* told(next.value)
  } finally {
    await writes.return?.(undefined)
  }
}

/** Each line as a line of JSON. */
export async function* transcriptBytes(lines: AsyncIterable<TranscriptLine>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`)
}

function* told({ text, unsure, omitted }: Write): Generator<TranscriptLine> {
  if (omitted !== undefined) yield { from: 'seamark', omitted }
  if (text === undefined) return
  const lines = cutter('seamark')
  for (const line of [...lines.take(Buffer.from(text)), ...lines.end()]) yield { ...line, ...(unsure && { unsure }) }
}

/** Cuts what one of the two said into lines, in constant memory. */
function cutter(from: TranscriptLine['from']) {
  let decoder = new TextDecoder()
  let held = ''
  return {
    *take(bytes: Uint8Array): Generator<TranscriptLine> {
      const lines = (held + decoder.decode(bytes, { stream: true })).split('\n')
      held = lines.pop() ?? ''
      for (const line of lines) yield* pieces(from, line)
      while (held.length > PIECE) {
        yield { from, text: held.slice(0, PIECE), more: true }
        held = held.slice(PIECE)
      }
    },
    *end(): Generator<TranscriptLine> {
      const rest = held + decoder.decode()
      if (rest !== '') yield* pieces(from, rest)
      held = ''
      decoder = new TextDecoder()
    },
  }
}

function* pieces(from: TranscriptLine['from'], line: string): Generator<TranscriptLine> {
  let start = 0
  for (; line.length - start > PIECE; start += PIECE) yield { from, text: line.slice(start, start + PIECE), more: true }
  yield { from, text: line.slice(start) }
}

async function* none(): AsyncGenerator<Write> {
  // Nothing was written to it.
}

async function* writesIn(stored: AsyncIterable<Uint8Array>): AsyncGenerator<Write> {
  let held: Buffer[] = []
  let size = 0
  for await (const piece of stored) {
    let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    for (let at = rest.indexOf(10); at !== -1; at = rest.indexOf(10)) {
      yield writeOf(Buffer.concat([...held, rest.subarray(0, at)]).toString())
      rest = rest.subarray(at + 1)
      held = []
      size = 0
    }
    size += rest.byteLength
    if (size > MOST_STORED) throw damaged()
    held.push(Buffer.from(rest))
  }
  if (size > 0) throw damaged()
}

function writeOf(line: string): Write {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw damaged()
  }
  const read = write.safeParse(value)
  if (!read.success) throw damaged()
  return read.data
}

function damaged(): SeamError {
  return new SeamError('INTEGRITY', 'What is stored of what a program was written is of another shape.')
}
