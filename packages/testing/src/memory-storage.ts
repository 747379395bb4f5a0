import type { CallOptions, StorageGuarantees, StorageProvider, StoredObject } from '@seamark/core'
import {
  checkKeyPrefix,
  eachOrAbort,
  keySegments,
  rangeWithin,
  SeamError,
  sha256Hex,
  throwIfAborted,
} from '@seamark/kit'

/** An object as the memory has it. */
export interface MemoryObject {
  bytes: Uint8Array
  readonly sha256: string
  /** Epoch milliseconds. */
  storedAt?: number
}

export interface MemoryStorageOptions {
  /** Name of this instance. Default `memory`. */
  readonly name?: string
  /** Objects to begin with, shared with every other storage on the same map: what a restart finds again. */
  readonly objects?: Map<string, MemoryObject>
}

/** A `StorageProvider` that can be damaged on purpose. */
export interface MemoryStorage extends StorageProvider {
  delete(key: string, options?: CallOptions): Promise<void>
  /** Flips one bit of a stored object, behind the storage's back. */
  damage(key: string): void
}

const guarantees: StorageGuarantees = {
  durable: { value: false, proof: 'tested' },
  conditionalWrite: { value: true, proof: 'tested' },
  verifiedRead: { value: true, proof: 'tested' },
  verifiedRange: { value: true, proof: 'tested' },
}

const chunkBytes = 64 * 1024

async function collect(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  // Copied: what the caller does to its buffers later is not what was stored.
  if (body instanceof Uint8Array) return Uint8Array.from(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of eachOrAbort(body, signal)) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}

/** A storage that keeps everything in memory, with the whole contract of the seam but durability. */
export function memoryStorage(options: MemoryStorageOptions = {}): MemoryStorage {
  const objects = options.objects ?? new Map<string, MemoryObject>()

  const describe = (key: string): StoredObject | undefined => {
    const found = objects.get(key)
    if (found === undefined) return undefined
    const { bytes, sha256, storedAt } = found
    return { key, size: bytes.byteLength, sha256, ...(storedAt !== undefined && { storedAt }) }
  }

  return {
    spec: 'storage/v1',
    kind: 'memory',
    name: options.name ?? 'memory',
    guarantees,

    async put(key, body, { ifAbsent, size, sha256, signal } = {}) {
      throwIfAborted(signal)
      keySegments(key)
      const bytes = await collect(body, signal)
      throwIfAborted(signal)
      const digest = sha256Hex(bytes)
      if ((size !== undefined && size !== bytes.byteLength) || (sha256 !== undefined && sha256 !== digest))
        throw new SeamError('INTEGRITY', `The body for ${key} is not what was announced. Nothing was stored.`)
      const there = describe(key)
      if (ifAbsent === true && there !== undefined) return { ...there, created: false }
      objects.set(key, { bytes, sha256: digest, storedAt: Date.now() })
      return { key, size: bytes.byteLength, sha256: digest, created: true }
    },

    async get(key, { range, signal } = {}) {
      throwIfAborted(signal)
      keySegments(key)
      const found = objects.get(key)
      if (found === undefined) return undefined
      const { bytes, sha256 } = found
      const { start, end } = rangeWithin(range, bytes.byteLength)
      const chunks = async function* (): AsyncGenerator<Uint8Array> {
        if (sha256Hex(bytes) !== sha256) throw new SeamError('INTEGRITY', `The stored object ${key} is damaged.`)
        for (let at = start; at < end; at += chunkBytes) {
          throwIfAborted(signal)
          yield bytes.slice(at, Math.min(end, at + chunkBytes))
        }
      }
      return { key, size: bytes.byteLength, sha256, body: chunks() }
    },

    async head(key, { signal } = {}) {
      throwIfAborted(signal)
      keySegments(key)
      return describe(key)
    },

    async *list(prefix, { signal } = {}) {
      throwIfAborted(signal)
      checkKeyPrefix(prefix)
      // Keys are ASCII: the order of their UTF-16 units is the order of their bytes.
      for (const key of [...objects.keys()].filter((candidate) => candidate.startsWith(prefix)).sort()) {
        throwIfAborted(signal)
        const found = describe(key)
        if (found !== undefined) yield found
      }
    },

    async delete(key, { signal } = {}) {
      throwIfAborted(signal)
      keySegments(key)
      objects.delete(key)
    },

    damage(key) {
      const found = objects.get(key)
      const [first] = found?.bytes ?? []
      if (found === undefined || first === undefined)
        throw new SeamError('NOT_FOUND', `There is no object ${key} with a byte to damage.`)
      found.bytes = Uint8Array.from(found.bytes)
      found.bytes[0] = first ^ 1
    },
  }
}
