import type { CallOptions, PutOptions, StorageProvider } from '@seamark/core'

/** A storage whose blobs one process writes and collects. */
export interface GuardedStorage {
  /** What everything but the collection uses. */
  readonly storage: StorageProvider
  /**
   * Removes what a collection found unneeded; false where the object was asked for again meanwhile. A `put` that begins
   * while it is being removed waits, and writes it anew.
   */
  remove(key: string, options?: CallOptions): Promise<boolean>
}

/** A record names what was put long before this is over, or the put is repeated. */
const rememberedMs = 24 * 3_600_000

/**
 * Keeps a collection from removing what has just been put. That an object was there already is not seen in its age, so such
 * puts are kept in mind: until they are recorded nothing else says that it is needed. A process that ends with them has
 * recorded nothing of them and puts them again.
 */
export function guardedStorage(inner: StorageProvider, now: () => number = Date.now): GuardedStorage {
  /** When a put of an object that was there ended, oldest first; infinite while it is under way. */
  const needed = new Map<string, number>()
  const removing = new Map<string, Promise<void>>()

  function forgetOld(): void {
    for (const [digest, at] of needed) {
      if (now() - at <= rememberedMs) return
      needed.delete(digest)
    }
  }

  function note(name: string, at: number): void {
    needed.delete(name)
    needed.set(name, at)
  }

  async function put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions) {
    const name = shortName(key)
    for (let other = removing.get(key); other !== undefined; other = removing.get(key)) await other
    forgetOld()
    note(name, Infinity)
    try {
      const stored = await inner.put(key, body, options)
      if (stored.created) needed.delete(name)
      else note(name, now())
      return stored
    } catch (error) {
      // Whether it is there nobody knows; it is put again, or never named.
      note(name, now())
      throw error
    }
  }

  async function remove(key: string, options?: CallOptions): Promise<boolean> {
    if (needed.has(shortName(key)) || removing.has(key)) return false
    const removed = Promise.withResolvers<void>()
    removing.set(key, removed.promise)
    try {
      await inner.delete?.(key, options)
      return true
    } finally {
      removing.delete(key)
      removed.resolve()
    }
  }

  const storage = new Proxy(inner, {
    get(target, property) {
      if (property === 'put') return put
      const value: unknown = Reflect.get(target, property)
      return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, target, args) : value
    },
  })
  return { storage, remove }
}

// Many are kept in mind: a digest as 32 characters of one byte.
function shortName(key: string): string {
  const last = key.slice(key.lastIndexOf('/') + 1)
  return /^[0-9a-f]{64}$/.test(last) ? Buffer.from(last, 'hex').toString('latin1') : key
}
