import type { Checkpoint, StateSnapshot } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'
import type { OpenWriter } from './namespace.ts'
import { isFull } from './storage-errors.ts'

/** The epoch in the database; `undefined` where it can not even be read. */
export function epochOf({ db }: OpenWriter): number | undefined {
  try {
    return db.prepare<[], number>('SELECT epoch FROM lease').pluck().get()
  } catch {
    // The error that led here says why.
    return undefined
  }
}

/** Brings the write-ahead log into the database, which gives its space back, as far as there is room for that. */
export function shrinkWal(open: OpenWriter | undefined): void {
  try {
    open?.db.pragma('wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (!isFull(error)) throw error
  }
}

/** Replaces the newest checkpoint. */
export function putCheckpoint({ db }: OpenWriter, { origin, size, root, note }: Checkpoint): void {
  db.prepare('INSERT OR REPLACE INTO checkpoint (id, origin, size, root, note) VALUES (1, ?, ?, ?, ?)').run(
    origin,
    size,
    root,
    note,
  )
}

/** Adds a snapshot and keeps the newest two. Errors: `INVALID_INPUT` for a wrong digest or a size ahead of the log. */
export function putState({ db, read }: OpenWriter, { size, foldVersion, sha256, bytes }: StateSnapshot): void {
  if (sha256Hex(bytes) !== sha256)
    throw new SeamError('INVALID_INPUT', 'The digest of the snapshot is not that of its bytes.')
  if (size > read.size()) throw new SeamError('INVALID_INPUT', `A snapshot at size ${size} is ahead of the log.`)
  db.prepare('INSERT INTO states (size, fold_version, sha256, bytes) VALUES (?, ?, ?, ?)').run(
    size,
    foldVersion,
    sha256,
    bytes,
  )
  db.prepare('DELETE FROM states WHERE id NOT IN (SELECT id FROM states ORDER BY id DESC LIMIT 2)').run()
}
