import Database from 'better-sqlite3'
import { SeamError } from '@seamark/kit'
import { rmSync } from 'node:fs'

/** What becomes of a blob: a record that counts names it, only runs that are given up do, or nothing does. */
export type Standing = 'kept' | 'givenUp' | 'orphaned'

/** What of a run is given up. */
export type GivenUp = 'all' | 'snapshots'

/** Digests and runs in a file, as many as there may be. */
export interface Reach {
  /** Notes a blob that something names. Once kept it stays kept. */
  name(sha256: string, standing: 'kept' | 'givenUp'): void
  standing(sha256: string): Standing
  giveUp(run: string, what: GivenUp): void
  givenUp(run: string): GivenUp | undefined
  close(): void
}

/** An empty one at a path where nothing is. It outlasts nothing: no byte of it is synced. Errors: `LIMIT_EXCEEDED` on a full disk. */
export function reachAt(path: string): Reach {
  const db = new Database(path)
  // No file beside it: a kill would leave that.
  db.pragma('journal_mode = MEMORY')
  db.pragma('synchronous = OFF')
  db.pragma('locking_mode = EXCLUSIVE')
  // Few blobs and many take the same: the kernel keeps what it has room for.
  db.pragma('cache_size = -2048')
  db.exec('CREATE TABLE blob (digest BLOB PRIMARY KEY, kept INTEGER) WITHOUT ROWID')
  db.exec('CREATE TABLE run (id TEXT PRIMARY KEY, whole INTEGER) WITHOUT ROWID')
  const add = db.prepare<[Buffer, number]>(
    'INSERT INTO blob VALUES (?, ?) ON CONFLICT DO UPDATE SET kept = 1 WHERE excluded.kept = 1',
  )
  const look = db.prepare<[Buffer], number>('SELECT kept FROM blob WHERE digest = ?').pluck()
  const addRun = db.prepare<[string, number]>(
    'INSERT INTO run VALUES (?, ?) ON CONFLICT DO UPDATE SET whole = max(whole, excluded.whole)',
  )
  const lookRun = db.prepare<[string], number>('SELECT whole FROM run WHERE id = ?').pluck()
  db.exec('BEGIN')
  // Without a name, nothing is left of it when the process is killed.
  rmSync(path)
  let last: { readonly run: string; readonly found: GivenUp | undefined } | undefined

  return {
    name: (sha256, standing) => void onDisk(() => add.run(Buffer.from(sha256, 'hex'), standing === 'kept' ? 1 : 0)),
    standing(sha256) {
      const kept = look.get(Buffer.from(sha256, 'hex'))
      return kept === undefined ? 'orphaned' : kept === 1 ? 'kept' : 'givenUp'
    },
    giveUp: (run, what) => void onDisk(() => addRun.run(run, what === 'all' ? 1 : 0)),
    givenUp(run) {
      // Records of one run often follow each other.
      if (last?.run === run) return last.found
      const whole = lookRun.get(run)
      const found = whole === undefined ? undefined : whole === 1 ? 'all' : 'snapshots'
      last = { run, found }
      return found
    },
    close: () => void db.close(),
  }
}

function onDisk<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    const full = error instanceof Database.SqliteError && error.code === 'SQLITE_FULL'
    throw new SeamError(
      full ? 'LIMIT_EXCEEDED' : 'UNAVAILABLE',
      full ? 'The disk is full: there is no room for the list of blobs that are needed.' : 'The list of blobs failed.',
      { remedy: 'Free some space in the data folder; about 60 bytes are needed for each blob.', cause: error },
    )
  }
}
