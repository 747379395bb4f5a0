import { lstat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { fromSystemError, systemCode } from '@seamark/kit'

/**
 * The first link on the way from a folder to a path, or `undefined`. What is above both is not looked at: it came with no repository
 * that has the folder. Errors: those of the system where a step can not be looked at.
 */
export async function linkOnWay(from: string, path: string): Promise<string | undefined> {
  const steps = relative(resolve(from), resolve(from, path)).split(sep)
  let at = resolve(from)
  for (const step of steps) {
    at = join(at, step)
    if (step !== '..' && (await isLink(at))) return at
  }
  return undefined
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink()
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw fromSystemError(error, `Looking at ${path}`)
  }
}
