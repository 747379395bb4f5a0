import type { ByteRange, StorageProvider, StoredObject } from '@seamark/core'
import { createHash } from 'node:crypto'
import type { Subject } from './suite.ts'

/** A storage under test whose backing store can be reached behind its back. */
export interface StorageSubject extends Subject<StorageProvider> {
  /** Changes at least one stored byte of the body of an object. */
  damage(key: string): Promise<void>
}

export function canDamage(subject: Subject<StorageProvider>): subject is StorageSubject {
  return 'damage' in subject && typeof subject.damage === 'function'
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function digest(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Bytes without a pattern that a block size could hide, the same for the same seed. */
export function pattern(size: number, seed = 1): Uint8Array {
  const out = new Uint8Array(size)
  let state = seed
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    out[at] = state >>> 24
  }
  return out
}

export async function* inChunks(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size)
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

/** The bytes of an object or a range of it. */
export async function read(storage: StorageProvider, key: string, range?: ByteRange): Promise<Uint8Array | undefined> {
  const found = await storage.get(key, range === undefined ? {} : { range })
  return found && collect(found.body)
}

export async function listed(storage: StorageProvider, prefix: string): Promise<readonly StoredObject[]> {
  const out: StoredObject[] = []
  for await (const object of storage.list(prefix)) out.push(object)
  return out
}

export async function keysOf(storage: StorageProvider, prefix = ''): Promise<readonly string[]> {
  return (await listed(storage, prefix)).map(({ key }) => key)
}
