import { DatabaseSync } from 'node:sqlite'

/**
 * Takes the one lock of a data folder, or gives `undefined` where another process has it. The
 * kernel releases it when the process ends, however it ends: it is the file lock of an exclusive
 * SQLite transaction, the only lock of this kind that Node can take without a helper program. It is
 * also released when what this returns is collected as garbage: keep it.
 */
export function takeLock(path: string): { release(): void } | undefined {
  const database = new DatabaseSync(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw error
  }
  return { release: () => database.close() }
}

const SQLITE_BUSY = 5
