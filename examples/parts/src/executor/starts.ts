import type { LaunchSpec } from '@seamark/core'
import { systemCode } from '@seamark/kit'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { resolve } from 'node:path'

/** Whether the program of a spec is a file that may be executed, found as `execvp` finds it. */
export async function starts({ argv: [program = ''], env, cwd }: LaunchSpec): Promise<boolean> {
  const folders = program.includes('/') ? [''] : (env['PATH'] ?? '/bin:/usr/bin').split(':')
  for (const folder of folders) {
    const path = resolve(cwd, folder, program)
    const found = await Promise.all([stat(path), access(path, constants.X_OK)]).catch(notThere)
    if (found?.[0].isFile() === true) return true
  }
  return false
}

/** What `execvp` takes as a sign to look in the next folder; anything else is an error of its own. */
function notThere(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return undefined
  throw error
}
