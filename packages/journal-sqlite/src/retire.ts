import { existsSync, renameSync } from 'node:fs'
import { syncFolder } from '@seamark/journal'
import type { NamespacePaths } from './paths.ts'
import { storageError } from './storage-errors.ts'

/** Renames a database. Without it, and with the name of its last holder there, a start is refused. */
export function retireFiles({ dir, database }: NamespacePaths): void {
  const away = `${database}.moved`
  try {
    // A reader elsewhere keeps the write-ahead log open, which is found by its name.
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(database + suffix)) renameSync(database + suffix, away + suffix)
    syncFolder(dir)
  } catch (error) {
    throw storageError(error, database)
  }
}
