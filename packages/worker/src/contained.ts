import { SeamError, systemCode } from '@seamark/kit'
import type { Stats } from 'node:fs'
import { lstat, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { chmodItself } from './chmod-itself.ts'
import { isContained } from './path-bytes.ts'
import { kindOf } from './walk.ts'

/**
 * Looks at a path below a folder without following a link on the way, the last part included.
 * `undefined` where there is nothing, or a link is in the way. Unreadable folders and files on the
 * way are made readable. Errors: `INVALID_INPUT` for a path that leaves the folder.
 */
export async function lookBelow(dir: string, path: string): Promise<Stats | undefined> {
  if (!isContained(path))
    throw new SeamError('INVALID_INPUT', `${JSON.stringify(path.slice(0, 200))} is not a path in the workspace.`, {
      remedy: 'Use a relative path without . or .. parts.',
    })
  let at = dir
  let stat: Stats | undefined
  for (const part of path.split('/')) {
    if (stat !== undefined && !stat.isDirectory()) return undefined
    at = join(at, part)
    try {
      stat = await lstat(at)
    } catch (error) {
      const code = systemCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined
      throw error
    }
    const wanted = stat.isDirectory() ? 0o500 : 0o400
    if (!stat.isSymbolicLink() && (stat.mode & wanted) !== wanted)
      await chmodItself(at, (stat.mode & 0o7777) | wanted | 0o200)
  }
  return stat
}

/** A path below a folder, and what is there or on the way to it in place of what was promised: `q is a folder`. */
export async function whatIsAt(dir: string, path: string): Promise<string> {
  const parts = path.split('/')
  for (const n of parts.keys()) {
    const at = parts.slice(0, n + 1).join('/')
    const stat = await lookBelow(dir, at)
    if (stat === undefined) break
    if (at === path) return `${path} is ${named[kindOf(stat)]}`
    if (!stat.isDirectory()) return `${path}: ${at} is ${named[kindOf(stat)]}`
  }
  return path
}

const named = { file: 'a file', folder: 'a folder', link: 'a link', other: 'no ordinary file' } as const

/** Makes the folders above a path below `dir`. Errors: `INVALID_INPUT` where something else is in the way. */
export async function makeWay(dir: string, path: string): Promise<void> {
  const parent = dirname(path)
  if (parent === '.') return
  await makeWay(dir, parent)
  const stat = await lookBelow(dir, parent)
  if (stat?.isDirectory() === true) return
  try {
    await mkdir(join(dir, parent), { mode: 0o755 })
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    throw new SeamError('INVALID_INPUT', `${parent} in the workspace is not a folder.`, { cause: error })
  }
}
