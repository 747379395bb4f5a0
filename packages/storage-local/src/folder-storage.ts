import { constants } from 'node:fs'
import type { Stats } from 'node:fs'
import { link, lstat, mkdir, open, realpath, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type {
  ByteRange,
  CallOptions,
  PutOptions,
  StorageGuarantees,
  StorageProvider,
  StoredObject,
} from '@seamark/core'
import { checkKeyPrefix, fromSystemError, rangeWithin, SeamError, systemCode, throwIfAborted } from '@seamark/kit'
import { makeFolder, syncFolder } from '@seamark/kit/files'
import { pathOfKey, TEMP_FOLDER } from './layout.ts'
import { listed, readBody, readSeal, writeObject } from './object-file.ts'
import { sweepTemp, tempName } from './temp.ts'
import { walk } from './walk.ts'

export interface FolderStorageOptions {
  /** Folder of the store; made with mode 0700 at the first `put`. One file system holds all of it. */
  readonly dir: string
  /** Name of this instance. Default `local`. */
  readonly name?: string
}

const guarantees: StorageGuarantees = {
  // On ext4, with a disk that loses all that was not synced; elsewhere it is as good as that file system's fsync.
  durable: { value: true, proof: 'tested' },
  conditionalWrite: { value: true, proof: 'tested' },
  verifiedRead: { value: true, proof: 'tested' },
  verifiedRange: { value: true, proof: 'tested' },
}

const rememberedFolders = 10_000

// Of a listing: enough to keep the threads busy that look.
const lookedAtOnce = 64

// A body that nobody reads must not keep its file open. Nobody is left to hear that closing failed.
const unread = new FinalizationRegistry<FileHandle>((handle) => void handle.close().catch(() => undefined))

/**
 * Objects as files below one folder, shared by any number of processes of one machine.
 *
 * Every byte that `get` yields, of a range too, was checked against a digest taken at `put`. Links
 * in the store are never followed: they are `INTEGRITY`. Besides the codes of `StorageProvider`:
 * `FORBIDDEN` where the folder is not accessible.
 */
export function folderStorage(options: FolderStorageOptions): StorageProvider {
  const name = options.name ?? 'local'
  const root = resolve(options.dir)
  // Folders whose own name, and those of all their parents, are known to be durable.
  const durable = new Set<string>()
  let ready: Promise<string> | undefined

  async function prepare(): Promise<string> {
    await makeFolder(join(root, TEMP_FOLDER))
    await sweepTemp(join(root, TEMP_FOLDER))
    return realpath(root)
  }

  /** Where the folders of a key really are; `undefined` if one is missing. */
  async function folderOf(names: readonly string[]): Promise<string | undefined> {
    try {
      const base = await realpath(root)
      const wanted = join(base, ...names.slice(0, -1))
      const real = await realpath(wanted)
      if (real !== wanted) throw linked(wanted)
      return real
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async function makeFolders(base: string, names: readonly string[]): Promise<string> {
    let folder = base
    for (const next of names.slice(0, -1)) {
      const parent = folder
      folder = join(parent, next)
      if (durable.has(folder)) continue
      await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
        if (systemCode(error) !== 'EEXIST') throw error
      })
      if ((await realpath(folder)) !== folder) throw linked(folder)
      // Also where it was there: the process that made it may not have come to this point.
      await syncFolder(parent)
      if (durable.size >= rememberedFolders) durable.clear()
      durable.add(folder)
    }
    // A remembered folder may have been exchanged since.
    if ((await realpath(folder)) !== folder) throw linked(folder)
    return folder
  }

  async function openObject(key: string): Promise<FileHandle | undefined> {
    const names = pathOfKey(key)
    const folder = await folderOf(names)
    if (folder === undefined) return undefined
    return openFile(join(folder, names.at(-1) ?? ''))
  }

  async function head(key: string): Promise<StoredObject | undefined> {
    const handle = await openObject(key)
    return handle && describe(key, handle)
  }

  async function put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, putOptions: PutOptions) {
    throwIfAborted(putOptions.signal)
    const names = pathOfKey(key)
    ready ??= prepare()
    const base = await ready.catch((error: unknown) => {
      ready = undefined
      throw error
    })
    if (putOptions.ifAbsent === true) {
      const there = await head(key)
      if (there !== undefined) {
        await closeBody(body)
        await syncFolder(await makeFolders(base, names))
        return { ...there, created: false }
      }
    }
    const temp = join(base, TEMP_FOLDER, tempName())
    const handle = await open(temp, 'wx', 0o600).catch(missing)
    try {
      const seal = await closing(handle, () => writeObject(handle, key, body, putOptions))
      throwIfAborted(putOptions.signal)
      const created = await publish(temp, base, names, putOptions.ifAbsent === true).catch(missing)
      if (created) return { key, size: seal.size, sha256: seal.sha256, created }
      const there = await head(key)
      if (there === undefined) throw new SeamError('UNAVAILABLE', `${key} was deleted while it was being stored.`)
      return { ...there, created }
    } finally {
      await removeFile(temp)
    }
  }

  /** Gives a finished file its name; false where the name is taken and `ifAbsent`. */
  async function publish(temp: string, base: string, names: readonly string[], ifAbsent: boolean): Promise<boolean> {
    const folder = await makeFolders(base, names)
    const path = join(folder, names.at(-1) ?? '')
    const created = await (ifAbsent ? link(temp, path) : rename(temp, path)).then(
      () => true,
      (error: unknown) => {
        if (ifAbsent && systemCode(error) === 'EEXIST') return false
        throw error
      },
    )
    // Also where another process was first: its name must be durable before anyone relies on it.
    await syncFolder(folder)
    return created
  }

  /** Something else removes files in the store: what is remembered of it is no longer true. */
  function missing(error: unknown): never {
    if (systemCode(error) !== 'ENOENT') throw error
    durable.clear()
    ready = undefined
    throw new SeamError('UNAVAILABLE', `Something removed files of the store in ${root} during a write.`, {
      remedy: 'Let nothing but this storage delete in that folder, and try again.',
      cause: error,
    })
  }

  async function get(key: string, getOptions: CallOptions & { readonly range?: ByteRange }) {
    throwIfAborted(getOptions.signal)
    const handle = await openObject(key)
    if (handle === undefined) return undefined
    try {
      const seal = await readSeal(handle, key)
      rangeWithin(getOptions.range, seal.size)
      const token = {}
      const chunks = async function* (): AsyncGenerator<Uint8Array> {
        unread.unregister(token)
        try {
          yield* readBody(handle, key, seal, getOptions.range, getOptions.signal)
        } catch (error) {
          throw failure(error, `Reading ${key} in ${root}`)
        } finally {
          await handle.close()
        }
      }
      const body = chunks()
      unread.register(body, handle, token)
      return { key, size: seal.size, sha256: seal.sha256, body }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  const acting = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      throw failure(error, `${what} in ${root}`)
    }
  }

  return {
    spec: 'storage/v1',
    kind: 'local',
    name,
    guarantees,
    put: (key, body, putOptions = {}) => acting(`Storing ${key}`, () => put(key, body, putOptions)),
    get: (key, getOptions = {}) => acting(`Reading ${key}`, () => get(key, getOptions)),
    head: (key, callOptions = {}) =>
      acting(`Looking at ${key}`, () => {
        throwIfAborted(callOptions.signal)
        return head(key)
      }),
    async *list(prefix, callOptions = {}) {
      checkKeyPrefix(prefix)
      // Also where nothing is there: what was stopped must not read as empty.
      throwIfAborted(callOptions.signal)
      try {
        let next: Place[] = []
        for await (const place of walk(root, prefix)) {
          throwIfAborted(callOptions.signal)
          if (next.push(place) < lookedAtOnce) continue
          yield* lookAt(next, callOptions.signal)
          next = []
        }
        yield* lookAt(next, callOptions.signal)
      } catch (error) {
        throw failure(error, `Listing ${prefix} in ${root}`)
      }
    },
    delete: (key, callOptions = {}) =>
      acting(`Deleting ${key}`, async () => {
        throwIfAborted(callOptions.signal)
        const names = pathOfKey(key)
        const folder = await folderOf(names)
        if (folder === undefined) return
        await removeFile(join(folder, names.at(-1) ?? ''))
        await syncFolder(folder)
      }),
  }
}

function failure(error: unknown, doing: string): SeamError {
  const code = systemCode(error)
  if (code !== 'ELOOP' && code !== 'ENOTDIR') return fromSystemError(error, doing)
  return new SeamError('INTEGRITY', `${doing} met something that the store did not put there: ${code}.`, {
    remedy: 'Find out who put it there, and remove it.',
    cause: error,
  })
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error
  })
}

async function closeBody(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  if (!(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.()
}

function linked(path: string): SeamError {
  return new SeamError('INTEGRITY', `${path} is a link or no folder; the store never follows links.`, {
    remedy: 'Find out who put it there, and remove it.',
  })
}

/** Opens a file that is no link; `undefined` if there is none. */
async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function closing<T>(handle: FileHandle, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } finally {
    await handle.close()
  }
}

async function describe(key: string, handle: FileHandle): Promise<StoredObject> {
  const { blocks: _, ...seal } = await closing(handle, () => readSeal(handle, key))
  return { key, ...seal }
}

/** Where an object of a key is. */
interface Place {
  readonly key: string
  readonly path: string
}

/** What a file's place says of it, without opening it; `undefined` if there is none. */
async function lookAtFile(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** What is known of some objects, in their order up to one whose file can not be whole; nothing of what was deleted meanwhile. */
async function* lookAt(places: readonly Place[], signal: AbortSignal | undefined): AsyncGenerator<StoredObject> {
  const looks = await Promise.allSettled(
    places.map(async ({ key, path }) => {
      const stats = await lookAtFile(path)
      return stats && listed(key, stats)
    }),
  )
  for (const look of looks) {
    throwIfAborted(signal)
    if (look.status === 'rejected') throw look.reason
    if (look.value !== undefined) yield look.value
  }
}
