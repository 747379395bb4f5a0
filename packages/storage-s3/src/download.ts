import { createHash } from 'node:crypto'
import type { ByteRange, StoredObject } from '@seamark/core'
import { rangeWithin, SeamError, throwIfAborted } from '@seamark/kit'
import type { Calls } from './calls.ts'
import type { ObjectFacts } from './port.ts'
import { DIGEST_NAME } from './upload.ts'

/** Bytes of one request. While a reader works on one piece, the next ones are on their way. */
const pieceBytes = 2 * 1024 * 1024
const piecesAhead = 2

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
 * Reads an object piece by piece, each in one request and whole before a byte of it is yielded, so that a connection
 * that breaks costs one piece, and a reader that pauses or leaves holds no connection. A read of the whole is checked
 * against the digest in the object's metadata. Errors: `INTEGRITY`, `INVALID_INPUT` for a range that is not within the
 * object, `UNAVAILABLE` where it is replaced while it is read.
 */
export async function openObject(
  calls: Calls,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<(StoredObject & { readonly body: AsyncIterable<Uint8Array> }) | undefined> {
  const wanted = rangeWithin(range, Number.MAX_SAFE_INTEGER)
  // Ends what is on its way to a reader who has left.
  const leaving = new AbortController()
  const reading = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal])
  const piece = (first: number, end: number, etag?: string) =>
    calls.request<(ObjectFacts & { readonly bytes: Uint8Array }) | 'absent' | 'outside' | 'replaced'>({
      act: 'read',
      key,
      signal: reading,
      send: (sending) => calls.port.get(key, { first, last: end - 1, ...(etag !== undefined && { etag }) }, sending),
      outcome: ({ code, status }) => {
        if (code === 'NoSuchKey') return etag === undefined ? 'absent' : 'replaced'
        if (code === 'InvalidRange' || status === 416) return etag === undefined ? 'outside' : 'replaced'
        return etag !== undefined && (code === 'PreconditionFailed' || status === 412) ? 'replaced' : undefined
      },
    })

  const opened =
    wanted.start === wanted.end ? 'outside' : await piece(wanted.start, Math.min(wanted.end, wanted.start + pieceBytes))
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
  const object = describe(key, opened)

  async function* body({ bytes: first, etag }: { bytes: Uint8Array; etag: string }): AsyncGenerator<Uint8Array> {
    const digest = start === 0 && end === object.size && object.sha256 !== undefined ? createHash('sha256') : undefined
    const ahead: ReturnType<typeof piece>[] = []
    let asked = start + first.byteLength
    const askAhead = (): void => {
      while (ahead.length < piecesAhead && asked < end) {
        const until = Math.min(end, asked + pieceBytes)
        const asking = piece(asked, until, etag)
        // Heard when its turn comes, or never: the reader has left.
        asking.catch(() => undefined)
        ahead.push(asking)
        asked = until
      }
    }
    try {
      throwIfAborted(signal)
      for (let bytes = first; ;) {
        digest?.update(bytes)
        askAhead()
        const following = ahead.shift()
        if (following === undefined && digest !== undefined && digest.digest('hex') !== object.sha256)
          throw new SeamError(
            'INTEGRITY',
            `The stored object ${key} is damaged: its SHA-256 is not the recorded one.`,
            {
              remedy: 'Restore it from a backup or an earlier version, or delete it and store it again.',
            },
          )
        yield bytes
        throwIfAborted(signal)
        if (following === undefined) return
        const got = await following
        if (typeof got === 'string') throw replaced(key)
        bytes = got.bytes
      }
    } finally {
      leaving.abort()
    }
  }
  return { ...object, body: body(opened) }
}

function replaced(key: string): SeamError {
  return new SeamError('UNAVAILABLE', `${key} was replaced or deleted while it was being read.`, {
    remedy: 'Read it again from its beginning.',
  })
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An empty body has no pieces.
}
