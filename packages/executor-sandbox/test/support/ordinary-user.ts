import { spawnSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { join } from 'node:path'

/** Runs a program of this folder as a user who is nobody here, with a folder that is theirs; where we are not root, as ourselves. */
export function asOrdinaryUser(program: string, dir: string): { readonly stdout: string; readonly stderr: string } {
  const user = process.getuid?.() === 0 ? { uid: 12_345, gid: 12_345 } : undefined
  if (user !== undefined) chownSync(dir, user.uid, user.gid)
  const argv = ['--conditions=source', join(import.meta.dirname, program), 'run', dir]
  return spawnSync(process.execPath, argv, { ...user, cwd: '/', env: {}, encoding: 'utf8' })
}
