import { Readable } from 'node:stream'
import { setTimeout as later } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'

// Whoever follows something that is silent learns that the request was good.
const patienceMs = 1_000

/**
 * Answers with a stream at the pace of its reader. An error before the first chunk is thrown, so that it becomes a
 * problem document; later ones cut the connection, so that no reader takes a part for the whole.
 */
export async function sendStream(
  reply: FastifyReply,
  mediaType: string,
  body: AsyncIterable<Uint8Array | string>,
): Promise<void> {
  const chunks = body[Symbol.asyncIterator]()
  const first = chunks.next()
  const waited = new AbortController()
  try {
    await Promise.race([first, later(patienceMs, undefined, { signal: waited.signal })])
  } finally {
    waited.abort()
  }
  async function* whole(): AsyncIterable<Uint8Array | string> {
    try {
      for (let chunk = await first; chunk.done !== true; chunk = await chunks.next()) yield chunk.value
    } finally {
      await chunks.return?.()
    }
  }
  await reply
    .code(200)
    .type(mediaType)
    .send(Readable.from(whole(), { objectMode: false }))
}
