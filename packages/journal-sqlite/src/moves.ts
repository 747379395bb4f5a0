import { randomUUID } from 'node:crypto'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { notEmpty, readTextIfThere, stillArriving, syncFolder, writeFileDurably } from '@seamark/journal'
import type { MoveMark } from '@seamark/journal'
import type { NamespacePaths } from './paths.ts'
import { storageError } from './storage-errors.ts'

/** What a move has left in the folder of a namespace. */
export function moveMark({ database, arriving, movedBy }: NamespacePaths): MoveMark | undefined {
  const coming = readTextIfThere(arriving)
  if (coming !== undefined) return { state: 'arriving', move: coming.trim() }
  if (existsSync(database) || !existsSync(`${database}.moved`)) return undefined
  return { state: 'moved', move: readTextIfThere(movedBy)?.trim() ?? '' }
}

/** Under the lock. Errors: `CONFLICT` where a move comes here and is not over. */
export function requireArrived(paths: NamespacePaths): void {
  if (moveMark(paths)?.state === 'arriving') throw stillArriving(`The journal in ${paths.dir}`)
}

/** Under the lock: keeps everybody but a move away. Errors: `CONFLICT` where there are records that no move brought. */
export function beginArrival(paths: NamespacePaths, size: number): void {
  if (moveMark(paths)?.state === 'arriving') return
  if (size > 0) throw notEmpty(`The journal in ${paths.dir}`)
  writeFileDurably(paths.arriving, `${randomUUID()}\n`)
}

/** Under the lock. */
export function endArrival({ arriving, dir }: NamespacePaths): void {
  try {
    rmSync(arriving, { force: true })
    syncFolder(dir)
  } catch (error) {
    throw storageError(error, arriving)
  }
}

/** Renames a database. Without it, and with the name of its last holder there, a start is refused. */
export function retireFiles({ dir, database, movedBy }: NamespacePaths, move: string): void {
  const away = `${database}.moved`
  try {
    writeFileDurably(movedBy, `${move}\n`)
    // A reader elsewhere keeps the write-ahead log open, which is found by its name.
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(database + suffix)) renameSync(database + suffix, away + suffix)
    syncFolder(dir)
  } catch (error) {
    throw storageError(error, database)
  }
}
