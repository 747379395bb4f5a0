import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/**
 * Names folders in a file, whole or not at all: a full disk leaves what was there before. Errors: those of the system.
 */
export function noteFolders(path: string, folders: readonly string[]): void {
  const next = nextOf(path)
  try {
    writeFileSync(next, JSON.stringify(folders), { mode: 0o600 })
    renameSync(next, path)
  } catch (error) {
    rmSync(next, { force: true })
    throw error
  }
}

/** The folders that a file names; `undefined` where it was torn. Errors: those of the system. */
export function notedFolders(path: string): string[] | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return Array.isArray(found) && found.every((one) => typeof one === 'string') ? found : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Forgets them, and what a killed writer left. */
export function forgetFolders(path: string): void {
  rmSync(nextOf(path), { force: true })
  rmSync(path, { force: true })
}

function nextOf(path: string): string {
  return `${path}.next`
}
