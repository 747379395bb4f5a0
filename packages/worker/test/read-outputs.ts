import type { OutputKind } from '@seamark/core'
import { limitedThread, redactionTable } from '@seamark/kit'
import { kindTap } from '../src/kinds/kind-tap.ts'
import type { KindAnswer, KindQuestion } from '../src/kinds/kind-thread.ts'
import { kindReading } from '../src/kinds/read-kind.ts'
import type { ReadOutput } from '../src/kinds/reader.ts'
import { KIND_LIMITS } from '../src/kinds/reader.ts'

const none = redactionTable([])

export async function readAll(
  kind: OutputKind,
  pieces: AsyncIterable<Uint8Array>,
  secrets = none,
): Promise<ReadOutput> {
  const reading = kindReading(kind, secrets)
  for await (const piece of pieces) {
    const found = reading.write(piece)
    if (found !== undefined) return found
  }
  return reading.end()
}

/** The same as a worker does it: in a thread, as the document goes by. */
export async function readAside(kind: OutputKind, pieces: AsyncIterable<Uint8Array>, leftMs = KIND_LIMITS.readMs) {
  const tap = kindTap(kind, { time: { leftMs }, secrets: none })
  let bytes = 0
  for await (const piece of tap.through(pieces)) bytes += piece.byteLength
  return { ...tap.read(), bytes }
}

/** The same in a thread with so little memory. Errors: `LIMIT_EXCEEDED` where it takes more. */
export async function readWithin(heapMiB: number, kind: OutputKind, pieces: AsyncIterable<Uint8Array>) {
  const beside = new URL('../src/kinds/kind-tap.ts', import.meta.url).href
  const thread = limitedThread<KindQuestion, KindAnswer>({ beside, file: 'kind-thread', heapMiB, doing: 'Reading' })
  const ask = (question: KindQuestion) => thread.ask(question, { timeoutMs: KIND_LIMITS.readMs })
  try {
    await ask({ kind, secrets: none })
    for await (const piece of pieces) {
      const found = await ask({ piece: Uint8Array.from(piece) })
      if (found !== undefined) return found
    }
    return await ask({ end: true })
  } finally {
    await thread.end()
  }
}

export async function* inPieces(content: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < content.length; from += size) yield content.subarray(from, from + size)
}

export const read = (kind: OutputKind, text: string) => readAll(kind, inPieces(Buffer.from(text)))

/** So many bytes of the same text, between a head and an end. */
export async function* repeated(head: string, text: string, bytes: number, end = ''): AsyncGenerator<Uint8Array> {
  yield Buffer.from(head)
  const piece = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)))
  for (let at = 0; at < bytes; at += piece.length) yield piece
  yield Buffer.from(end)
}
