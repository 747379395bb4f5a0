import { createHash, hash } from 'node:crypto'
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { fromSystemError, orAbort, rangeWithin, SeamError, throwIfAborted } from '@seamark/kit'
import type { ByteRange, PutOptions, StoredObject } from '@seamark/core'

// An object's file is the body, then the SHA-256 of each of its blocks, then a trailer:
// SHA-256 of the body (32), its size (8, big-endian), SHA-256 of everything between body and here (32), magic (8).
const blockBytes = 256 * 1024
const digestBytes = 32
const trailerBytes = 80
const tailBytes = 512
const magic = Buffer.from('seamark1', 'latin1')

/** What an object's file says of its body. */
export interface ObjectSeal {
  /** Epoch milliseconds at which its file was written, where it was read from one. */
  readonly storedAt?: number
  readonly size: number
  readonly sha256: string
  /** Digests of the blocks, one after the other. */
  readonly blocks: Uint8Array
}

function damaged(key: string, what: string): SeamError {
  return new SeamError('INTEGRITY', `The stored object ${key} is damaged: ${what}.`, {
    remedy: 'Restore it from a backup, or delete it and store it again.',
  })
}

async function* blocksOf(
  key: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let at = 0; at < body.byteLength; at += blockBytes) yield body.subarray(at, at + blockBytes)
    return
  }
  const block = Buffer.allocUnsafe(blockBytes)
  let filled = 0
  const source = body[Symbol.asyncIterator]()
  let open = true
  try {
    for (;;) {
      const next = await orAbort(source.next(), signal).catch((error: unknown) => {
        throw fromSystemError(error, `Reading the body for ${key}`)
      })
      if (next.done === true) break
      const chunk: unknown = next.value
      if (!(chunk instanceof Uint8Array))
        throw new SeamError('INVALID_INPUT', 'The body yields something that is no Uint8Array.')
      for (let at = 0; at < chunk.byteLength;) {
        const part = chunk.subarray(at, at + blockBytes - filled)
        block.set(part, filled)
        filled += part.byteLength
        at += part.byteLength
        if (filled < blockBytes) continue
        yield block
        filled = 0
      }
    }
    open = false
    if (filled > 0) yield block.subarray(0, filled)
  } finally {
    // Not awaited: a source that hangs must not hold up an abort. Its own failure is not news any more.
    if (open) source.return?.().catch(() => undefined)
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += (await handle.write(bytes, at)).bytesWritten
}

/** Writes a body and its seal to an empty file and syncs it. Errors: `INTEGRITY`, `INVALID_INPUT`, `ABORTED`, those of the file system and of the body. */
export async function writeObject(
  handle: FileHandle,
  key: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<ObjectSeal> {
  const whole = createHash('sha256')
  const digests: Buffer[] = []
  let size = 0
  const mismatch = (what: string) =>
    new SeamError('INTEGRITY', `The body for ${key} is not what was announced: ${what}. Nothing was stored.`)
  for await (const block of blocksOf(key, body, options.signal)) {
    throwIfAborted(options.signal)
    size += block.byteLength
    if (options.size !== undefined && size > options.size) throw mismatch(`more than ${options.size} bytes`)
    whole.update(block)
    digests.push(hash('sha256', block, 'buffer'))
    await writeAll(handle, block)
  }
  const digest = whole.digest()
  const sha256 = digest.toString('hex')
  if (options.size !== undefined && size !== options.size) throw mismatch(`${size} bytes instead of ${options.size}`)
  if (options.sha256 !== undefined && sha256 !== options.sha256) throw mismatch(`its SHA-256 is ${sha256}`)
  const count = Buffer.alloc(8)
  count.writeBigUInt64BE(BigInt(size))
  const blocks = Buffer.concat(digests)
  const sealed = Buffer.concat([blocks, digest, count])
  await writeAll(handle, Buffer.concat([sealed, hash('sha256', sealed, 'buffer'), magic]))
  throwIfAborted(options.signal)
  await handle.sync()
  return { size, sha256, blocks }
}

async function readExactly(handle: FileHandle, key: string, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length;) {
    const { bytesRead } = await handle.read(bytes, at, length - at, position + at)
    if (bytesRead === 0) throw damaged(key, 'its file is cut short')
    at += bytesRead
  }
  return bytes
}

/** Reads and checks the seal of an object's file. Errors: `INTEGRITY`. */
export async function readSeal(handle: FileHandle, key: string): Promise<ObjectSeal> {
  const stats = await handle.stat()
  if (!stats.isFile()) throw damaged(key, 'it is not a file')
  if (stats.size < trailerBytes) throw damaged(key, 'its file is cut short')
  // Of all but large objects one read has the digests of the blocks too.
  const tail = await readExactly(handle, key, Math.max(0, stats.size - tailBytes), Math.min(stats.size, tailBytes))
  const trailer = tail.subarray(-trailerBytes)
  if (!trailer.subarray(72).equals(magic)) throw damaged(key, 'its trailer is not whole')
  const size = Number(trailer.readBigUInt64BE(32))
  const listBytes = Math.ceil(size / blockBytes) * digestBytes
  if (size + listBytes + trailerBytes !== stats.size) throw damaged(key, 'its size is not the recorded one')
  const sealed = listBytes + trailerBytes
  const blocks =
    sealed <= tail.length ? tail.subarray(-sealed, -trailerBytes) : await readExactly(handle, key, size, listBytes)
  const check = createHash('sha256').update(blocks).update(trailer.subarray(0, 40)).digest()
  if (!check.equals(trailer.subarray(40, 72))) throw damaged(key, 'its trailer is not what was written')
  return { size, sha256: trailer.toString('hex', 0, 32), blocks, storedAt: Math.floor(stats.mtimeMs) }
}

/** What an object's file says of it from outside: a listing opens none. Errors: `INTEGRITY` where it has a size that no object's has. */
export function listed(key: string, stats: Stats): StoredObject {
  if (!stats.isFile()) throw damaged(key, 'it is not a file')
  const sealed = stats.size - trailerBytes
  const size = sealed - Math.ceil(sealed / (blockBytes + digestBytes)) * digestBytes
  if (sealed < 0 || size < 0 || size + Math.ceil(size / blockBytes) * digestBytes !== sealed)
    throw damaged(key, 'its file is cut short')
  return { key, size, storedAt: Math.floor(stats.mtimeMs) }
}

/**
 * Yields a range of the body. Each block is checked before any byte of it is yielded; a whole read
 * is also checked against the digest of the whole. Errors: `INTEGRITY`, `ABORTED`.
 */
export async function* readBody(
  handle: FileHandle,
  key: string,
  seal: ObjectSeal,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { start, end } = rangeWithin(range, seal.size)
  const whole = start === 0 && end === seal.size ? createHash('sha256') : undefined
  for (let from = start - (start % blockBytes); from < end; from += blockBytes) {
    throwIfAborted(signal)
    const block = await readExactly(handle, key, from, Math.min(blockBytes, seal.size - from))
    const index = from / blockBytes
    const expected = seal.blocks.subarray(index * digestBytes, (index + 1) * digestBytes)
    if (!hash('sha256', block, 'buffer').equals(expected))
      throw damaged(key, `bytes ${from} to ${from + block.byteLength} are not what was written`)
    whole?.update(block)
    yield block.subarray(Math.max(0, start - from), end - from)
  }
  if (whole !== undefined && whole.digest('hex') !== seal.sha256)
    throw damaged(key, 'its SHA-256 is not the recorded one')
}
