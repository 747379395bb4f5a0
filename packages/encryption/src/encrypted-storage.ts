import { createHash, randomBytes } from 'node:crypto'
import type {
  ByteRange,
  CallOptions,
  PutOptions,
  StorageGuarantees,
  StorageProvider,
  StoredObject,
} from '@seamark/core'
import { hasCode, isSeamError, keySegments, rangeWithin, SeamError, throwIfAborted } from '@seamark/kit'
import {
  blobHeader,
  HEADER_BYTES,
  inPieces,
  notOurs,
  parseBlobHeader,
  PIECE_BYTES,
  plainSize,
  spanOf,
  storedSize,
} from './blob-format.ts'
import type { BlobHeader, PieceSpan } from './blob-format.ts'
import { keyContext, openPiece, SALT_BYTES, sealPiece, thingKey } from './envelope.ts'
import { keyRing } from './key-ring.ts'
import type { EncryptionOptions } from './key-ring.ts'
import { withMembers } from './with-members.ts'

/** A body up to this size is encrypted in memory, so that the storage can write it in one request. */
const WHOLE_BYTES = 8 * 1024 * 1024

/**
 * The same storage with every object encrypted (AES-256-GCM, in pieces of 64 KiB that are each authenticated with their
 * place, under a key of its own), bound to its storage key and namespace. Sizes, digests and ranges are those of the
 * plaintext. Keys of objects stay readable; digests are not kept: `sha256` comes with `put` only. There is no `presign`.
 *
 * Errors besides those of the storage: `INTEGRITY` (damaged, cut, moved to another key, or not encrypted here),
 * `UNAVAILABLE` (no data key to be had now), and the other codes of `DataKeys` until the first call that succeeded.
 */
export function encryptedStorage<S extends StorageProvider>(inner: S, options: EncryptionOptions): Omit<S, 'presign'> {
  const ring = keyRing(options)

  const plain = ({ key, size, storedAt }: StoredObject): StoredObject => ({
    key,
    size: plainSize(key, size),
    ...(storedAt !== undefined && { storedAt }),
  })

  async function seal(key: string, signal: AbortSignal | undefined) {
    const ns = namespaceOf(key)
    const salt = randomBytes(SALT_BYTES)
    return ring.seal(
      keyContext(ns, 'blob'),
      1,
      ({ plaintext, wrapped }) => ({
        header: blobHeader({ wrapped, salt }),
        own: thingKey(plaintext, salt, ns, 'blob', [key, PIECE_BYTES]),
      }),
      signal,
    )
  }

  async function open(key: string, { wrapped, salt }: BlobHeader, signal: AbortSignal | undefined): Promise<Buffer> {
    const ns = namespaceOf(key)
    try {
      return await ring.open(
        wrapped,
        keyContext(ns, 'blob'),
        ({ plaintext }) => thingKey(plaintext, salt, ns, 'blob', [key, PIECE_BYTES]),
        signal,
      )
    } catch (error) {
      throw hasCode(error, 'INTEGRITY') ? damaged(key, error) : error
    }
  }

  async function put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, putOptions: PutOptions) {
    const { signal, ifAbsent, size, sha256 } = putOptions
    throwIfAborted(signal)
    const { header, own } = await seal(key, signal)
    const seen = { size: 0, sha256: '', failure: undefined as unknown }
    const announced = { ...(size !== undefined && { size }), ...(sha256 !== undefined && { sha256 }) }
    const known = body instanceof Uint8Array ? body.byteLength : size
    const stream = sealed(key, header, own, body instanceof Uint8Array ? slices(body) : body, announced, seen)
    const small = body instanceof Uint8Array && body.byteLength <= WHOLE_BYTES
    try {
      const stored = await inner.put(key, small ? await collect(stream) : stream, {
        ...(signal && { signal }),
        ...(ifAbsent !== undefined && { ifAbsent }),
        ...(known !== undefined && { size: storedSize(known) }),
      })
      if (!stored.created) return { ...plain(stored), created: false }
      return { key, size: seen.size, sha256: seen.sha256, created: true }
    } catch (error) {
      // What the source or its check said, whatever the storage made of it.
      throw isSeamError(seen.failure) ? seen.failure : error
    }
  }

  async function get(key: string, getOptions: CallOptions & { readonly range?: ByteRange }) {
    const { range, signal } = getOptions
    throwIfAborted(signal)
    keySegments(key)
    if (range !== undefined) return getRange(key, range, signal)
    const found = await inner.get(key, signal ? { signal } : {})
    if (found === undefined) return undefined
    const object = plain(found)
    const body = async function* (): AsyncGenerator<Uint8Array> {
      const source = found.body[Symbol.asyncIterator]()
      try {
        const { header, rest: pieces } = await takeHeader(key, source)
        const own = await open(key, parseBlobHeader(key, header), signal)
        yield* opened(key, own, pieces, { ...spanOf(object.size, 0, object.size), first: 0 }, signal)
      } finally {
        await source.return?.()
      }
    }
    return { ...object, body: body() }
  }

  async function readHeader(key: string, signal: AbortSignal | undefined) {
    try {
      const found = await inner.get(key, { range: { start: 0, end: HEADER_BYTES }, ...(signal && { signal }) })
      return found && { object: plain(found), header: await collect(found.body) }
    } catch (error) {
      // The key was looked at before: only the range can be wrong, for an object shorter than any of ours.
      throw hasCode(error, 'INVALID_INPUT') ? notOurs(key) : error
    }
  }

  async function getRange(key: string, range: ByteRange, signal: AbortSignal | undefined) {
    const read = await readHeader(key, signal)
    if (read === undefined) return undefined
    const { object, header } = read
    const { start, end } = rangeWithin(range, object.size)
    const body = async function* (): AsyncGenerator<Uint8Array> {
      if (start === end) return
      const span = spanOf(object.size, start, end)
      const own = await open(key, parseBlobHeader(key, header), signal)
      const found = await inner.get(key, { range: { start: span.start, end: span.end }, ...(signal && { signal }) })
      if (found === undefined || found.size !== storedSize(object.size)) throw replaced(key)
      let at = span.first * PIECE_BYTES
      try {
        for await (const piece of opened(key, own, inPieces(found.body), span, signal)) {
          const [from, to] = [Math.max(0, start - at), Math.min(piece.length, end - at)]
          at += piece.length
          yield piece.subarray(from, to)
        }
      } catch (error) {
        // Between the two reads another object may have come under the same key.
        if (!hasCode(error, 'INTEGRITY')) throw error
        throw (await readHeader(key, signal))?.header.equals(header) === true ? error : replaced(key)
      }
    }
    return { ...object, body: body() }
  }

  const changes: Pick<StorageProvider, 'kind' | 'guarantees' | 'put' | 'get' | 'head' | 'list'> = {
    kind: `encrypted.${inner.kind}`,
    // Asked for each time: what the storage promises may be known only later.
    get guarantees(): StorageGuarantees {
      const verified = { value: true, proof: 'tested' } as const
      return { ...inner.guarantees, verifiedRead: verified, verifiedRange: verified }
    },
    put: (key, body, putOptions = {}) => put(key, body, putOptions),
    get: (key, getOptions = {}) => get(key, getOptions),
    async head(key, callOptions) {
      const found = await inner.head(key, callOptions)
      return found && plain(found)
    },
    async *list(prefix, callOptions) {
      for await (const object of inner.list(prefix, callOptions)) yield plain(object)
    },
  }
  return withMembers<S, StorageProvider>(inner, changes, ['presign'])
}

/** The first segment. Errors: `INVALID_INPUT` for what is no key. */
function namespaceOf(key: string): string {
  return keySegments(key)[0] ?? ''
}

async function* slices(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES)
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Header and pieces of a body. What it had is left in `seen`; a body other than announced ends with `INTEGRITY`. */
async function* sealed(
  key: string,
  header: Buffer,
  own: Buffer,
  body: AsyncIterable<Uint8Array>,
  announced: { readonly size?: number; readonly sha256?: string },
  seen: { size: number; sha256: string; failure: unknown },
): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  const piece = Buffer.alloc(PIECE_BYTES)
  let filled = 0
  let index = 0
  const refuse = () => new SeamError('INTEGRITY', `The body for ${key} is not what was announced. Nothing was stored.`)
  try {
    yield header
    for await (const chunk of body) {
      digest.update(chunk)
      seen.size += chunk.length
      if (announced.size !== undefined && seen.size > announced.size) throw refuse()
      for (let at = 0; at < chunk.length;) {
        // Only when more comes is it known that a full piece is not the last.
        if (filled === PIECE_BYTES) {
          yield sealPiece(own, index++, false, piece)
          filled = 0
        }
        const count = Math.min(chunk.length - at, PIECE_BYTES - filled)
        piece.set(chunk.subarray(at, at + count), filled)
        filled += count
        at += count
      }
    }
    seen.sha256 = digest.digest('hex')
    if (announced.size !== undefined && seen.size !== announced.size) throw refuse()
    if (announced.sha256 !== undefined && seen.sha256 !== announced.sha256) throw refuse()
    yield sealPiece(own, index, true, piece.subarray(0, filled))
  } catch (error) {
    seen.failure = error
    throw error
  } finally {
    // Here and not where it was made: a source that hangs may come back after the put has ended.
    own.fill(0)
    piece.fill(0)
  }
}

/** The plaintext of pieces. Errors: `INTEGRITY` as soon as one is not as it was, is missing or too many; `ABORTED`. */
async function* opened(
  key: string,
  own: Buffer,
  pieces: AsyncIterable<Buffer>,
  { first, pieces: total, start, end }: PieceSpan,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let index = first
  let left = end - start
  try {
    for await (const piece of pieces) {
      throwIfAborted(signal)
      const plaintext = openPiece(own, index, index === total - 1, piece)
      if (plaintext === undefined) throw damaged(key)
      index++
      left -= piece.length
      if (plaintext.length > 0) yield plaintext
      throwIfAborted(signal)
    }
    if (left !== 0) throw damaged(key)
  } finally {
    own.fill(0)
  }
}

/** The header of a stored object, and its pieces. */
async function takeHeader(key: string, source: AsyncIterator<Uint8Array>) {
  let head: Buffer = Buffer.alloc(0)
  while (head.length < HEADER_BYTES) {
    const next = await source.next()
    if (next.done === true) throw notOurs(key)
    head = Buffer.concat([head, next.value])
  }
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield head.subarray(HEADER_BYTES)
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value
  }
  return { header: Buffer.from(head.subarray(0, HEADER_BYTES)), rest: inPieces(bytes()) }
}

function damaged(key: string, cause?: unknown): SeamError {
  return new SeamError('INTEGRITY', `The stored object ${key} is damaged, cut or not the one that was stored there.`, {
    remedy: 'Restore it from a backup.',
    ...(cause !== undefined && { cause }),
  })
}

function replaced(key: string): SeamError {
  return new SeamError('UNAVAILABLE', `The stored object ${key} was replaced while it was read.`, {
    remedy: 'Read it again.',
  })
}
