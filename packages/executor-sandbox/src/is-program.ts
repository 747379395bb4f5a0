import { accessSync, constants } from 'node:fs'

/** Whether a path is there and may be run by this user. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there, or not for this user: either way the caller looks elsewhere, or says what is missing.
    return false
  }
}
