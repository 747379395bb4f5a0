import type { CallOptions, OutputKind } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { hasCode, limitedThread } from '@seamark/kit'
import type { KindAnswer, KindQuestion } from './kind-thread.ts'
import type { ReadOutput } from './reader.ts'
import { KIND_LIMITS, unreadable, Unreadable } from './reader.ts'

export interface KindTap {
  /** Passes a stream on as it is, and reads it meanwhile. What is wrong with it ends the reading, not the stream. */
  readonly through: (content: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>
  /** Resolves once the reading takes no more memory or time, whether the stream goes on or not. Never rejects. */
  readonly ended: Promise<void>
  /** Once the stream is at its end. */
  readonly read: () => ReadOutput
}

/**
 * Reads an output by its kind as it goes by, in a thread of its own: a document that takes all memory stops nothing else. `time` is what is
 * left for all of an attempt.
 */
export function kindTap(
  kind: OutputKind,
  { time, secrets, signal }: CallOptions & { readonly time: { leftMs: number }; readonly secrets: RedactionTable },
): KindTap {
  let found: ReadOutput | undefined
  const ended = Promise.withResolvers<void>()

  async function* through(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const thread = limitedThread<KindQuestion, KindAnswer>({
      beside: import.meta.url,
      file: 'kind-thread',
      heapMiB: KIND_LIMITS.heapMiB,
      doing: 'Reading the output',
    })
    const end = () => thread.end().finally(ended.resolve)

    async function ask(question: KindQuestion): Promise<void> {
      if (found !== undefined) return
      const began = performance.now()
      try {
        found = await thread.ask(question, { timeoutMs: time.leftMs, ...(signal && { signal }) })
      } catch (error) {
        if (hasCode(error, 'TIMEOUT')) found = unreadable(kind, new Unreadable('limit', 'takes too long to read'))
        else if (hasCode(error, 'LIMIT_EXCEEDED'))
          found = unreadable(kind, new Unreadable('limit', 'takes too much memory to read'))
        else throw error
      } finally {
        time.leftMs -= Math.min(time.leftMs, performance.now() - began)
      }
      if (found !== undefined) await end()
    }

    try {
      await ask({ kind, secrets })
      for await (const piece of content) {
        // Of a part of a buffer all of it would be copied.
        await ask({ piece: Uint8Array.from(piece) })
        yield piece
      }
      await ask({ end: true })
    } finally {
      await end()
    }
  }

  return {
    through,
    ended: ended.promise,
    read() {
      if (found === undefined) throw new Error('The output has not been read to its end.')
      return found
    },
  }
}
