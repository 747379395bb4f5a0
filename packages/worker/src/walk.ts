import type { CallOptions } from '@seamark/core'
import { SeamError, systemCode, throwIfAborted } from '@seamark/kit'
import { chmod, lstat, opendir } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import type { BytePath } from './path-bytes.ts'
import { below, shown } from './path-bytes.ts'
import { overLimit } from './run-git.ts'

export interface WalkEntry {
  readonly path: BytePath
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  readonly stat: Stats
}

// A path longer than this can not be opened by its name.
const maxPathBytes = 4000

export function kindOf(stat: Stats): WalkEntry['kind'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'folder'
  return stat.isSymbolicLink() ? 'link' : 'other'
}

/**
 * What is directly in a folder, in the order of its bytes. Links are not followed. A folder or file
 * that its owner made unreadable is made readable first: the attempt is over, and its owner is the
 * worker's user, or the worker is root.
 */
export async function listFolder(
  dir: string,
  path: BytePath,
  counter: EntryCounter,
  options?: CallOptions,
): Promise<WalkEntry[]> {
  throwIfAborted(options?.signal)
  const names = await namesIn(below(dir, path), () => counter.add(1, path))
  const prefix = path === '' ? '' : path + '/'
  const found = await Promise.all(
    names.map(async (name): Promise<WalkEntry> => {
      const child = prefix + name
      const absolute = below(dir, child)
      if (absolute.length > maxPathBytes) throw overLimit('bytes of a path', maxPathBytes, shown(child))
      const stat = await lstat(absolute)
      if (stat.isFile() && (stat.mode & 0o400) === 0) await chmod(absolute, (stat.mode & 0o7777) | 0o400)
      return { path: child, kind: kindOf(stat), stat }
    }),
  )
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Calls `each` for every name as it is read, so that a limit holds before a folder of any size is in memory. */
async function namesIn(dir: Buffer, each: () => void): Promise<BytePath[]> {
  const stat = await lstat(dir)
  if ((stat.mode & 0o500) !== 0o500) await chmod(dir, (stat.mode & 0o7777) | 0o700)
  try {
    const names: BytePath[] = []
    // One character per byte: names that are not UTF-8 stay what they are.
    for await (const { name } of await opendir(dir, { encoding: 'latin1', bufferSize: 1024 })) {
      each()
      names.push(name)
    }
    return names
  } catch (error) {
    if (systemCode(error) === 'ENAMETOOLONG')
      throw overLimit('bytes of a path', maxPathBytes, shown(dir.toString('latin1')))
    throw error
  }
}

/** Counts entries up to a limit. */
export interface EntryCounter {
  add(count: number, path: BytePath): void
}

export function entryCounter(max: number): EntryCounter {
  let seen = 0
  return {
    add(count, path) {
      seen += count
      if (seen > max) throw overLimit('entries of a workspace', max, shown(path === '' ? '.' : path))
    },
  }
}

/** Every entry of a tree, each folder before what is in it, leaving out `exclude` and what is below. */
export async function* walkTree(
  dir: string,
  exclude: ReadonlySet<BytePath>,
  counter: EntryCounter,
  options?: CallOptions,
): AsyncGenerator<WalkEntry> {
  const folders: BytePath[] = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await listFolder(dir, folder, counter, options)) {
      if (exclude.has(entry.path)) continue
      yield entry
      if (entry.kind === 'folder') folders.push(entry.path)
    }
  }
}

/** The error for what a patch can not hold. */
export function unsupportedFile(path: BytePath, why: string): SeamError {
  return new SeamError('UNSUPPORTED', `${shown(path)} can not be captured: ${why}.`, {
    remedy: 'Remove it before the program ends, or ignore it in .gitignore.',
  })
}
