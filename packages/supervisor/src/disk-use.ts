import { systemCode } from '@seamark/kit'
import type { Dirent } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'

/** What folders hold on their disk. */
export interface DiskUse {
  /** Bytes of all files and folders, each file's blocks once however many names it has. Infinite where there are too many. */
  readonly bytes: number
  /** Whether everything could be looked into, and nothing was moved away from the look. */
  readonly whole: boolean
}

/** What one look may take: who looks does so for all attempts, and must not be filled by one. */
export interface MostOf {
  readonly entries: number
  /** Files with several names that are told apart; of those beyond, each name counts as a file. */
  readonly linked: number
  /** Bytes of the paths of folders that are still to be looked into. */
  readonly waiting: number
}
const MOST: MostOf = { entries: 4_000_000, linked: 1_000_000, waiting: 128 * 1024 ** 2 }

/** What an entry takes at least: an empty file has no block, and takes an inode and its place in a folder. */
const LEAST_BYTES = 4096

/**
 * Adds up folders and single files, without following links. Stops where the sum is beyond `enough`: more is not asked.
 * A file that goes while it is looked at counts nothing.
 */
export async function diskUse(paths: readonly string[], enough: number, most: MostOf = MOST): Promise<DiskUse> {
  const linked = new Set<string>()
  const folders: Buffer[] = []
  let bytes = 0
  let entries = 0
  let waiting = 0
  let whole = true
  const without = (codes: readonly string[]) => (error: unknown) => {
    const code = systemCode(error) ?? ''
    if (!codes.includes(code)) whole = false
    if (!codes.includes(code) && !CLOSED.includes(code) && !GONE.includes(code)) throw error
    return undefined
  }
  const add = async (path: Buffer, unseen: (error: unknown) => undefined) => {
    const found = await lstat(path).catch(unseen)
    if (found === undefined) return
    entries++
    const name = `${found.dev}:${found.ino}`
    bytes += linked.has(name) ? LEAST_BYTES : Math.max(LEAST_BYTES, found.blocks * 512)
    if (found.isDirectory()) {
      folders.push(path)
      waiting += path.length
    } else if (found.nlink > 1 && linked.size < most.linked) linked.add(name)
  }
  const isTooMuch = () => entries > most.entries || waiting > most.waiting

  for (const path of outermost(paths)) await add(Buffer.from(path), without(GONE))
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    waiting -= folder.length
    // Names are bytes: one that is no UTF-8 may hide nothing. What was found as a folder and is gone may be elsewhere now.
    for await (const entry of entriesOf(folder, without([]))) {
      const path = Buffer.concat([folder, Buffer.from('/'), Buffer.from(entry.name, 'latin1')])
      await add(path, without(entry.isDirectory() ? [] : GONE))
      if (isTooMuch()) return { bytes: Infinity, whole }
      if (bytes > enough) return { bytes, whole }
    }
  }
  return { bytes, whole }
}

async function* entriesOf(folder: Buffer, unseen: (error: unknown) => undefined): AsyncGenerator<Dirent> {
  const entries = await opendir(folder, { encoding: 'latin1' }).catch(unseen)
  if (entries === undefined) return
  try {
    yield* entries
  } catch (error) {
    // Removed while it was read.
    unseen(error)
  }
}

/** A folder that is given beside one that it lies in is counted there. */
function outermost(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path, _, all) => !all.some((other) => path.startsWith(`${other}/`)))
}

/** What can not be looked into: closed, or deeper than a path may be long. */
const CLOSED = ['EACCES', 'EPERM', 'ENAMETOOLONG', 'ELOOP']
const GONE = ['ENOENT', 'ENOTDIR']
