import { createHash, hash } from 'node:crypto'
import type { ByteRange, StoredObject } from '@seamark/core'
import { orAbort, rangeWithin, SeamError, throwIfAborted } from '@seamark/kit'
import type { Calls } from './calls.ts'
import type { Incoming, ObjectFacts, Opened } from './port.ts'
import { DIGEST_NAME } from './upload.ts'
import { heapWeight } from './weight.ts'

/** What the first request brings whole: most objects are not larger, and then nothing is open when it is answered. */
const bytesAtHand = 2 * 1024 * 1024
/** How long a connection waits for somebody to read on. */
const patienceMs = 1_000
/** How often a connection may break without a byte in between. */
const mostBreaks = 6

export function describe(key: string, { size, metadata }: ObjectFacts): StoredObject {
  const sha256 = metadata[DIGEST_NAME]
  return { key, size, ...(sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) && { sha256 }) }
}

/** What is known of an object; `undefined` if there is none. */
export async function headObject(
  calls: Calls,
  key: string,
  signal: AbortSignal | undefined,
): Promise<ObjectFacts | undefined> {
  const found = await calls.request<ObjectFacts | 'absent'>({
    act: 'read',
    key,
    signal,
    send: (sending) => calls.port.head(key, sending),
    outcome: ({ code }) => (code === 'NoSuchKey' ? 'absent' : undefined),
  })
  return found === 'absent' ? undefined : found
}

/**
 * Reads an object. A small one, or the beginning of a range, comes in one request, whole before a byte of it is yielded;
 * the rest as a stream that goes on where its connection broke, always of the same version of the object. A read of the
 * whole is checked against the digest in the object's metadata. Errors: `INTEGRITY`, `INVALID_INPUT` for a range that is
 * not within the object, `UNAVAILABLE` where it is replaced while it is read.
 */
export async function openObject(
  calls: Calls,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<(StoredObject & { readonly body: AsyncIterable<Uint8Array> }) | undefined> {
  const wanted = rangeWithin(range, Number.MAX_SAFE_INTEGER)
  const whole = wanted.start === 0 && wanted.end === Number.MAX_SAFE_INTEGER
  const first = { first: wanted.start, last: Math.min(wanted.end, wanted.start + bytesAtHand) - 1 }
  const beginning = () =>
    calls.request<Opened | 'absent' | 'outside'>({
      act: 'read',
      key,
      signal,
      send: (sending) => calls.port.get(key, whole ? undefined : first, bytesAtHand, sending),
      outcome: ({ code, status }) => {
        if (code === 'NoSuchKey') return 'absent'
        return code === 'InvalidRange' || status === 416 ? 'outside' : undefined
      },
    })

  const opened = wanted.start === wanted.end ? 'outside' : await beginning()
  if (opened === 'absent') return undefined
  if (typeof opened === 'string') {
    // Nothing can be asked for of an empty range or object.
    const facts = await headObject(calls, key, signal)
    if (facts === undefined) return undefined
    const { start, end } = rangeWithin(range, facts.size)
    if (start < end) throw replaced(key)
    return { ...describe(key, facts), body: nothing() }
  }
  const { start, end } = rangeWithin(range, opened.size)
  const { etag } = opened
  const object = describe(key, opened)

  const held = 'incoming' in opened ? untilUnread(opened.incoming) : undefined

  async function* body(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    const checked = start === 0 && end === object.size && object.sha256 !== undefined
    const check = (sha256: string): void => {
      if (sha256 === object.sha256) return
      throw new SeamError('INTEGRITY', `The stored object ${key} is damaged: its SHA-256 is not the recorded one.`, {
        remedy: 'Restore it from a backup or an earlier version, or delete it and store it again.',
      })
    }
    throwIfAborted(signal)
    const next = start + bytes.byteLength
    if (next === end) {
      if (checked) check(hash('sha256', bytes, 'hex'))
      if (bytes.byteLength > 0) yield bytes
      throwIfAborted(signal)
      return
    }
    const digest = checked ? createHash('sha256').update(bytes) : undefined
    if (bytes.byteLength > 0) yield bytes
    throwIfAborted(signal)
    for await (const chunk of restOf(calls, key, { first: next, end, etag }, held?.(), signal)) {
      digest?.update(chunk)
      yield chunk
      throwIfAborted(signal)
    }
    if (digest !== undefined) check(digest.digest('hex'))
  }
  return { ...object, body: body('bytes' in opened ? opened.bytes : new Uint8Array()) }
}

/** Lets go of a connection that nobody reads from for a while. Gives what comes from it, for once, if it is still there. */
function untilUnread(incoming: Incoming): () => Incoming | undefined {
  let there: Incoming | undefined = incoming
  const waiting = setTimeout(() => {
    there = undefined
    incoming.destroy()
  }, patienceMs)
  waiting.unref()
  return () => {
    clearTimeout(waiting)
    return there
  }
}

/** Bytes `first` to before `end`, of one version of the object; `begun` is an answer that has them, from `first` on. */
async function* restOf(
  calls: Calls,
  key: string,
  { first, end, etag }: { readonly first: number; readonly end: number; readonly etag: string },
  begun: Incoming | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let at = first
  let held = begun
  const weigh = heapWeight()
  // What ended the last stream. It is the first try of the next request, so that it waits like any other.
  let broken: Error | undefined
  for (let breaks = 0; at < end; breaks++) {
    const request = () =>
      calls.request<Incoming | 'replaced'>({
        act: 'read',
        key,
        signal,
        send: async (sending) => {
          const before = broken
          broken = undefined
          if (before !== undefined) throw before
          return calls.port.stream(key, { first: at, last: end - 1, etag }, sending)
        },
        outcome: ({ code, status }) =>
          code === 'NoSuchKey' || status === 412 || status === 416 ? 'replaced' : undefined,
      })
    const stream: Incoming | 'replaced' = held ?? (await request())
    held = undefined
    if (stream === 'replaced') throw replaced(key)
    const chunks = stream[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await orAbort(chunks.next(), signal).catch((error: unknown) => {
          throwIfAborted(signal)
          broken = error instanceof Error ? error : new Error(String(error))
        })
        if (next === undefined || next.done === true) break
        at += next.value.byteLength
        breaks = 0
        weigh(next.value.byteLength)
        yield next.value
      }
    } finally {
      // Closes its connection, also where the reader has left. Not awaited: what hangs must not hold up an abort.
      chunks.return?.().catch(() => undefined)
    }
    broken ??= at < end ? new SeamError('UNAVAILABLE', `The answer for ${key} ended too early.`) : undefined
    if (breaks >= mostBreaks) throw new SeamError('UNAVAILABLE', `Reading ${key} broke off ${breaks} times at ${at}.`)
  }
}

function replaced(key: string): SeamError {
  return new SeamError('UNAVAILABLE', `${key} was replaced or deleted while it was being read.`, {
    remedy: 'Read it again from its beginning.',
  })
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An empty body has no pieces.
}
