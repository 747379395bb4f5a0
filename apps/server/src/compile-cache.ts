import { mkdirSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import type { CacheEnvironment } from './env.ts'

/**
 * Where Node.js keeps compiled code for the next start, made where it is missing; `undefined` where this user has no
 * folder that nobody else may write or replace. What lies there is run: whoever could write it would run as this user.
 */
export function compileCacheFolder({ caches, home }: CacheEnvironment, uid: number | undefined): string | undefined {
  if (uid === undefined) return undefined
  // A start that can not be made faster is a start all the same.
  try {
    const base = isAbsolute(caches) ? caches : join(isAbsolute(home) ? home : homedir(), '.cache')
    if (!isOwn(dirname(base), uid)) return undefined
    const folder = join(base, 'seamark', 'compiled')
    mkdirSync(folder, { mode: 0o700, recursive: true })
    return isOwn(folder, uid) ? realpathSync(folder) : undefined
  } catch {
    return undefined
  }
}

/** Whether a folder is this user's, and nobody else but root may write it or put another one in its place. */
function isOwn(path: string, uid: number): boolean {
  const real = realpathSync(path)
  for (let at = real; ; at = dirname(at)) {
    const { uid: owner, mode } = statSync(at)
    const isMine = owner === uid || (owner === 0 && at !== real)
    // What lies in a sticky folder is taken away or renamed by its owner only.
    const isShared = (mode & 0o022) !== 0 && (at === real || (mode & 0o1000) === 0)
    if (!isMine || isShared) return false
    if (at === dirname(at)) return true
  }
}
