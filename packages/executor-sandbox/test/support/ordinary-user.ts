import { spawnSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { join } from 'node:path'

/** Runs a program of this folder as a user who is nobody here, with a folder that is theirs. Only as root. */
export function asOrdinaryUser(program: string, dir: string): { readonly stdout: string; readonly stderr: string } {
  chownSync(dir, 12_345, 12_345)
  const argv = ['--conditions=source', join(import.meta.dirname, program), 'run', dir]
  return spawnSync(process.execPath, argv, { uid: 12_345, gid: 12_345, cwd: '/', env: {}, encoding: 'utf8' })
}
