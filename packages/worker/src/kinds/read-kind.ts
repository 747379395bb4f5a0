import type { OutputKind, OutputSummary } from '@seamark/core'
import { coverageReader } from './coverage.ts'
import { junitReader } from './junit.ts'
import type { KindReader } from './reader.ts'
import { KIND_LIMITS, Unreadable } from './reader.ts'
import { sarifReader } from './sarif.ts'

/** What came of reading an output by its kind. */
export interface ReadOutput {
  readonly summary: OutputSummary
  /** Absent where it could be read. */
  readonly because?: Unreadable['because']
}

export interface KindTap {
  /** Passes a stream on as it is, and reads it meanwhile. What is wrong with it ends the reading, not the stream. */
  readonly through: (content: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>
  /** Once the stream is at its end. */
  readonly read: () => ReadOutput
}

const readers: Readonly<Record<OutputKind, () => KindReader>> = {
  junit: junitReader,
  sarif: sarifReader,
  coverage: coverageReader,
}

/** Reads an output by its kind as it goes by, a piece at a time, in constant memory. `time` is what is left for all of an attempt. */
export function kindTap(kind: OutputKind, time: { leftMs: number }): KindTap {
  const reader = readers[kind]()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let wrong: Unreadable | undefined
  let bytes = 0

  function attempt<T>(work: () => T): T | undefined {
    if (wrong !== undefined) return undefined
    const began = performance.now()
    try {
      return work()
    } catch (error) {
      if (error instanceof Unreadable) wrong = error
      // What decoders throw of bytes that are no UTF-8.
      else if (error instanceof TypeError && 'code' in error) wrong = new Unreadable('invalid', 'is not UTF-8')
      else throw error
      return undefined
    } finally {
      time.leftMs -= performance.now() - began
      if (time.leftMs <= 0) wrong ??= new Unreadable('limit', 'takes too long to read')
    }
  }

  return {
    async *through(content) {
      for await (const piece of content) {
        bytes += piece.byteLength
        if (bytes > KIND_LIMITS.documentBytes)
          wrong ??= new Unreadable('limit', `has more than ${KIND_LIMITS.documentBytes} bytes`)
        attempt(() => reader.write(decoder.decode(piece, { stream: true })))
        yield piece
      }
    },
    read() {
      const summary = attempt(() => {
        reader.write(decoder.decode())
        return reader.end()
      })
      if (summary !== undefined) return { summary }
      const { message, because } = wrong ?? new Unreadable('limit', 'takes too long to read')
      return { summary: { kind, unreadable: message }, because }
    },
  }
}
