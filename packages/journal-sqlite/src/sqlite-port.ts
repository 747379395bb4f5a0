import { closeSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { systemCode } from '@seamark/kit'

export type Sqlite = Database.Database

/** A connection that writes, durable at every commit. Creates the file with mode 0600; SQLite gives the same to its WAL. */
export function openWriter(path: string): Sqlite {
  createPrivate(path)
  const db = new Database(path, { timeout: 5_000 })
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    // What was deleted is overwritten: a purge is a purge.
    db.pragma('secure_delete = ON')
    db.pragma('wal_autocheckpoint = 2000')
    db.pragma('journal_size_limit = 67108864')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** A connection that only reads. The file must be there. */
export function openReader(path: string): Sqlite {
  return new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 })
}

/** Holds an exclusive transaction on a file without data; `undefined` where another one holds it. The kernel ends it with the process. */
export function openLock(path: string): Sqlite | undefined {
  createPrivate(path)
  const db = new Database(path, { timeout: 0 })
  try {
    // Nothing is ever written, so there is nothing to roll back after a crash.
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    if (systemCode(error)?.startsWith('SQLITE_BUSY') === true) return undefined
    throw error
  }
}

// Only where there is no file yet: closing any descriptor of a file drops all of a process's locks on it.
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
}
