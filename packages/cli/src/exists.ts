import { stat } from 'node:fs/promises'
import { fromSystemError, systemCode } from '@seamark/kit'

/** Whether a path leads to something. Errors: those of the system where that can not be found out. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw fromSystemError(error, `Looking for ${path}`)
  }
}
