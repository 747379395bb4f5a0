import type { JournalBatch } from '@seamark/core'
import { payloadCrc } from '@seamark/journal'
import { SeamError } from '@seamark/kit'
import { changeWriter } from './changes.ts'
import { runNames } from './run-names.ts'
import type { Sqlite } from './sqlite-port.ts'

/** Runs `body` in one durable transaction of the lease's holder. Errors: `CONFLICT` for a stale epoch. */
export type UnderEpoch = <T>(epoch: number, body: () => T) => T

/** Prepares the transaction that every write goes through: the store itself refuses an epoch that is not the newest. */
export function underEpoch(db: Sqlite, path: string): UnderEpoch {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')
  const current = db.prepare<[], number>('SELECT epoch FROM lease').pluck()
  return (epoch, body) => {
    begin.run()
    try {
      const stored = current.get()
      if (stored !== epoch)
        throw new SeamError('CONFLICT', `The lease with epoch ${epoch} on ${path} was taken over with epoch ${stored}.`)
      const result = body()
      commit.run()
      return result
    } catch (error) {
      // A commit that failed for want of space has rolled back by itself.
      if (db.inTransaction) rollback.run()
      throw error
    }
  }
}

/** Prepares the append. Called inside a transaction; errors: `CONFLICT` where `expectedSize` is not the present size. */
export function batchWriter(db: Sqlite): {
  readonly write: (expectedSize: number, batch: JournalBatch) => void
  /** After a transaction that did not commit. */
  readonly forget: () => void
} {
  const size = db.prepare<[], number>('SELECT coalesce(max(seq) + 1, 0) FROM records').pluck()
  const record = db.prepare<[number, number | null, Uint8Array, Uint8Array]>(
    'INSERT INTO records (seq, run, leaf, header) VALUES (?, ?, ?, ?)',
  )
  const payload = db.prepare<[number, number, Uint8Array, Uint8Array]>(
    'INSERT INTO payloads (seq, crc, salt, bytes) VALUES (?, ?, ?, ?)',
  )
  const node = db.prepare<[number, number, Uint8Array]>('INSERT INTO nodes (level, at, hash) VALUES (?, ?, ?)')
  const runs = runNames(db)
  const writeChanges = changeWriter(db, runs.idOf)

  return {
    write(expectedSize, batch) {
      const present = size.get()
      if (present !== expectedSize)
        throw new SeamError('CONFLICT', `The log has ${present} records, not the expected ${expectedSize}.`)
      for (const { seq, run, leaf, header } of batch.records)
        record.run(seq, run === undefined ? null : runs.idOf(run), leaf, header)
      for (const { seq, salt, bytes } of batch.payloads) payload.run(seq, payloadCrc(salt, bytes), salt, bytes)
      for (const { level, index, hash } of batch.nodes) node.run(level, index, hash)
      writeChanges(batch.changes)
    },
    forget: runs.forget,
  }
}
