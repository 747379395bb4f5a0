import type { StorageProvider, StoredObject } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { saboteur } from './sabotage.ts'
import { bytes, collect } from './storage-subject.ts'
import type { Saboteur } from './suite.ts'

type Body = Uint8Array | AsyncIterable<Uint8Array>

const whole = async (body: Body): Promise<Uint8Array> => (body instanceof Uint8Array ? body : collect(body))

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}

const broken = (
  about: string,
  rejectedBy: readonly string[],
  change: (right: StorageProvider) => Partial<StorageProvider>,
) =>
  saboteur<StorageProvider>(
    about,
    rejectedBy.map((id) => `storage/${id}`),
    change,
  )

async function* listedThrough(
  objects: AsyncIterable<StoredObject>,
  change: (all: StoredObject[]) => StoredObject[],
): AsyncGenerator<StoredObject> {
  const all: StoredObject[] = []
  for await (const object of objects) all.push(object)
  yield* change(all)
}

const shorten = (key: string) => key.slice(0, 255)

/** Broken storages, each rejected by the cases that it names. */
export const storageSaboteurs: readonly Saboteur<StorageProvider>[] = [
  broken('it has no name', ['says-what-it-is'], () => ({ name: '' })),
  broken('it loses the last byte', ['roundtrip', 'ranges'], (right) => ({
    async get(key, options) {
      const found = await right.get(key, options)
      return found && { ...found, body: once((await collect(found.body)).slice(0, -1)) }
    },
  })),
  broken('it takes an empty object for none', ['empty-object'], (right) => ({
    async head(key, options) {
      const found = await right.head(key, options)
      return found?.size === 0 ? undefined : found
    },
  })),
  broken('it keeps references to the chunks', ['keeps-a-copy'], (right) => ({
    async put(key, body, options) {
      const chunks: Uint8Array[] = []
      if (body instanceof Uint8Array) chunks.push(body)
      else for await (const chunk of body) chunks.push(chunk)
      return right.put(key, Buffer.concat(chunks), options)
    },
  })),
  broken('it never replaces', ['replaces'], (right) => ({
    put: (key, body, options) => right.put(key, body, { ...options, ifAbsent: true }),
  })),
  broken('it collects a body before it stores it', ['constant-memory'], (right) => ({
    put: async (key, body, options) => right.put(key, await whole(body), options),
  })),
  broken('it collects a body before it yields it', ['constant-memory'], (right) => ({
    async get(key, options) {
      const found = await right.get(key, options)
      if (found === undefined) return undefined
      const data = await collect(found.body)
      const slices = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < data.byteLength; at += 65_536) yield data.subarray(at, at + 65_536)
      }
      return { ...found, body: slices() }
    },
  })),
  broken('the end of a range is inclusive', ['ranges'], (right) => ({
    async get(key, options) {
      const found = await right.get(key)
      if (found === undefined || options?.range === undefined) return right.get(key, options)
      const data = await collect(found.body)
      const { start, end } = options.range
      return { ...found, body: once(data.slice(start, end === undefined ? undefined : end + 1)) }
    },
  })),
  broken('a range past the end is clamped', ['ranges'], (right) => ({
    async get(key, options) {
      const size = (await right.head(key))?.size ?? 0
      const range = options?.range && { start: options.range.start, end: Math.min(options.range.end ?? size, size) }
      return right.get(key, range && range.start <= range.end ? { range } : {})
    },
  })),
  broken('it forgets on restart', ['reopen'], (right) => {
    // Only what this instance stored is there.
    const mine = new Set<string>()
    return {
      async put(key, body, options) {
        mine.add(key)
        return right.put(key, body, options)
      },
      get: async (key, options) => (mine.has(key) ? right.get(key, options) : undefined),
    }
  }),
  broken('it ignores case', ['good-keys'], (right) => ({
    put: (key, body, options) => right.put(key.toLowerCase(), body, options),
    get: (key, options) => right.get(key.toLowerCase(), options),
  })),
  broken('it cuts long keys', ['good-keys'], (right) => ({
    put: (key, body, options) => right.put(shorten(key), body, options),
    get: (key, options) => right.get(shorten(key), options),
  })),
  broken('it cleans keys instead of refusing them', ['bad-keys'], (right) => ({
    put: (key, body, options) => right.put(key.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 200) || 'empty', body, options),
  })),
  broken('it throws NOT_FOUND for what is not there', ['absence'], (right) => ({
    async get(key, options) {
      const found = await right.get(key, options)
      if (found === undefined) throw new SeamError('NOT_FOUND', 'There is no such object.')
      return found
    },
  })),
  broken('it lists in the order of a language', ['list-order'], (right) => ({
    list: (prefix, options) =>
      listedThrough(right.list(prefix, options), (all) => all.sort((a, b) => a.key.localeCompare(b.key, 'en'))),
  })),
  broken('it lists folder by folder', ['list-order'], (right) => ({
    list: (prefix, options) =>
      listedThrough(right.list(prefix, options), (all) =>
        all.sort((a, b) => (a.key.replaceAll('/', '\u0000') < b.key.replaceAll('/', '\u0000') ? -1 : 1)),
      ),
  })),
  broken('it takes a prefix for a folder', ['list-prefix'], (right) => ({
    list: (prefix, options) =>
      listedThrough(right.list(prefix, options), (all) =>
        all.filter(({ key }) => prefix === '' || key.startsWith(prefix.replace(/\/?$/, '/'))),
      ),
  })),
  broken('it lists one page', ['list-is-whole'], (right) => ({
    list: (prefix, options) => listedThrough(right.list(prefix, options), (all) => all.slice(0, 1000)),
  })),
  broken('it does not say when an object was put', ['list-times'], (right) => ({
    list: (prefix, options) =>
      listedThrough(right.list(prefix, options), (all) => all.map(({ storedAt: _, ...object }) => object)),
  })),
  broken('it says the time in seconds', ['list-times'], (right) => ({
    list: (prefix, options) =>
      listedThrough(right.list(prefix, options), (all) =>
        all.map((object) => ({ ...object, storedAt: Math.floor((object.storedAt ?? 0) / 1000) })),
      ),
  })),
  broken('deleting what is not there is an error', ['delete'], (right) => ({
    async delete(key, options) {
      if ((await right.head(key)) === undefined) throw new SeamError('NOT_FOUND', 'There is no such object.')
      await right.delete?.(key, options)
    },
  })),
  broken('it deletes a folder with a key', ['delete'], (right) => ({
    async delete(key, options) {
      await right.delete?.(key, options)
      for await (const below of right.list(`${key}/`)) await right.delete?.(below.key, options)
    },
  })),
  broken('it ignores ifAbsent', ['if-absent', 'if-absent-race'], (right) => ({
    put: (key, body, options) => right.put(key, body, { ...options, ifAbsent: false }),
  })),
  broken('it looks first and then writes', ['if-absent-race'], (right) => ({
    async put(key, body, options) {
      const there = options?.ifAbsent === true ? await right.head(key) : undefined
      if (there !== undefined) return { ...there, created: false }
      return right.put(key, body, { ...options, ifAbsent: false })
    },
  })),
  broken('it keeps what came before a body failed', ['interrupted-body'], (right) => ({
    async put(key, body, options) {
      const chunks: Uint8Array[] = []
      try {
        if (body instanceof Uint8Array) return await right.put(key, body, options)
        for await (const chunk of body) chunks.push(Uint8Array.from(chunk))
      } catch (error) {
        await right.put(key, Buffer.concat(chunks))
        throw error
      }
      return right.put(key, Buffer.concat(chunks), options)
    },
  })),
  broken('it writes in place', ['never-in-part'], (right) => ({
    async put(key, body, options) {
      if (body instanceof Uint8Array) return right.put(key, body, options)
      const chunks: Uint8Array[] = []
      for await (const chunk of body) {
        chunks.push(Uint8Array.from(chunk))
        await right.put(key, Buffer.concat(chunks))
      }
      return right.put(key, Buffer.concat(chunks), options)
    },
  })),
  broken('it deletes before it writes', ['replace-is-atomic'], (right) => ({
    async put(key, body, options) {
      if (options?.ifAbsent !== true) await right.delete?.(key)
      return right.put(key, body, options)
    },
  })),
  broken('it ignores the announced size', ['wrong-size'], (right) => ({
    async put(key, body, options = {}) {
      const { size: _, ...rest } = options
      return right.put(key, body, rest)
    },
  })),
  broken('it ignores the announced digest', ['wrong-digest'], (right) => ({
    async put(key, body, options = {}) {
      const { sha256: _, ...rest } = options
      return right.put(key, body, rest)
    },
  })),
  broken('it checks the announced size after it stored', ['wrong-size'], (right) => ({
    async put(key, body, options = {}) {
      const { size, ...rest } = options
      const stored = await right.put(key, body, rest)
      if (size !== undefined && stored.size !== size) throw new SeamError('INTEGRITY', 'The size is wrong.')
      return stored
    },
  })),
  broken('it ends a damaged object as if it were whole', ['verified-read', 'verified-range'], (right) => ({
    async get(key, options) {
      const found = await right.get(key, options)
      if (found === undefined) return undefined
      const quiet = async function* (): AsyncGenerator<Uint8Array> {
        try {
          yield* found.body
        } catch {
          yield bytes('?')
        }
      }
      return { ...found, body: quiet() }
    },
  })),
  broken('it does not pass the signal on', ['abort-put', 'abort-get'], (right) => ({
    put: (key, body, { signal: _, ...rest } = {}) => right.put(key, body, rest),
    get: (key, { signal: _, ...rest } = {}) => right.get(key, rest),
  })),
  broken('it allows one reader at a time', ['left-early'], (right) => {
    let reading = false
    return {
      async get(key, options) {
        const found = await right.get(key, options)
        if (found === undefined) return undefined
        if (reading) throw new SeamError('UNAVAILABLE', 'Somebody reads.')
        reading = true
        const body = async function* (): AsyncGenerator<Uint8Array> {
          try {
            yield* found.body
          } finally {
            reading = false
          }
        }
        return { ...found, body: body() }
      },
    }
  }),
]
