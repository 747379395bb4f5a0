import { accessSync, constants, statSync } from 'node:fs'
import { makeFolder, readCheckpointFile, syncFolder, writeCheckpointFile } from '@seamark/journal'
import { hasCode, SeamError, systemCode } from '@seamark/kit'
import { batchWriter, underEpoch } from './append.ts'
import type { UnderEpoch } from './append.ts'
import { readHolder, writeHolder } from './holder-file.ts'
import { migrate, requireVersion, schemaVersion } from './migrate.ts'
import { beginArrival, requireArrived } from './moves.ts'
import type { NamespacePaths } from './paths.ts'
import { reader } from './reader.ts'
import type { Reader } from './reader.ts'
import type { Reserve } from './reserve.ts'
import type { Migration } from './schema.ts'
import { openLock, openReader, openWriter } from './sqlite-port.ts'
import type { Sqlite } from './sqlite-port.ts'
import { checkFilesThere, checkStored } from './start-checks.ts'
import { notWritable, storageError } from './storage-errors.ts'

/** A namespace open for reading. */
export interface OpenReader {
  readonly db: Sqlite
  readonly read: Reader
  close(): void
}

/** A namespace whose lease this process holds. */
export interface OpenWriter extends OpenReader {
  readonly epoch: number
  readonly holder: string
  readonly under: UnderEpoch
  readonly batches: ReturnType<typeof batchWriter>
}

/**
 * Opens for reading, without migrating; `undefined` where nothing was written yet.
 * Errors: `INTEGRITY` where only the checkpoint is left, `UNSUPPORTED` for another schema version, `FORBIDDEN`.
 */
export function openForReading(paths: NamespacePaths, migrations: readonly Migration[]): OpenReader | undefined {
  try {
    if ((statSync(paths.database, { throwIfNoEntry: false })?.size ?? 0) === 0) {
      checkFilesThere(paths, readCheckpointFile(paths.checkpoint), readHolder(paths.holder))
      return undefined
    }
    accessSync(paths.database, constants.R_OK)
    const db = openReader(paths.database)
    try {
      // Its first writer is just making it.
      if (schemaVersion(db) === 0 && (readHolder(paths.holder)?.epoch ?? 0) === 0) {
        db.close()
        return undefined
      }
      requireVersion(db, paths.database, migrations)
      return { db, read: reader(db, paths.database), close: () => db.close() }
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw readable(error, paths.database)
  }
}

function readable(error: unknown, path: string): unknown {
  const code = systemCode(error)
  if (code !== 'EACCES' && code !== 'EPERM') return storageError(error, path)
  return new SeamError('FORBIDDEN', `${path} is not readable by this user.`, {
    remedy: 'Run as the user that owns the data folder.',
    cause: error,
  })
}

/**
 * Takes the lock, checks what is stored, and moves the epoch on; on a full disk with the help of the
 * reserve, since what is urgent must be recorded then, too. `receiving` is for what a move brings, and for nothing else.
 * Errors: those of `Journal.acquire`.
 */
export function openForWriting(
  paths: NamespacePaths,
  holder: string,
  migrations: readonly Migration[],
  reserve: Reserve,
  receiving: boolean,
): OpenWriter {
  try {
    return takeOver(paths, holder, migrations, reserve, receiving)
  } catch (error) {
    if (!hasCode(error, 'LIMIT_EXCEEDED') || !reserve.free()) throw error
    return takeOver(paths, holder, migrations, reserve, receiving)
  }
}

function takeOver(
  paths: NamespacePaths,
  holder: string,
  migrations: readonly Migration[],
  reserve: Reserve,
  receiving: boolean,
): OpenWriter {
  let lock: Sqlite | undefined
  let db: Sqlite | undefined
  try {
    makeFolder(paths.dir)
    requireWritable(paths)
    lock = openLock(paths.lock)
    if (lock === undefined) throw heldBy(paths)
    const held = lock
    if (!receiving) requireArrived(paths)

    const last = readHolder(paths.holder)
    const kept = readCheckpointFile(paths.checkpoint)
    checkFilesThere(paths, kept, last)
    writeHolder(paths.holder, holder, last?.epoch ?? 0)
    const opened = (db = openWriter(paths.database))
    if ((last?.epoch ?? 0) > 0 && schemaVersion(opened) === 0)
      throw new SeamError('INTEGRITY', `${paths.database} has no tables, but ${paths.holder} says that it had.`, {
        remedy: 'Restore the database from a backup.',
      })
    migrate(opened, paths.database, migrations)
    syncFolder(paths.dir)
    const read = reader(opened, paths.database)
    if (receiving) beginArrival(paths, read.size())
    checkStored(opened, read, paths, kept)

    const epoch = takeEpoch(opened, last?.epoch ?? 0)
    writeHolder(paths.holder, holder, epoch)
    const stored = read.checkpoint()
    if (stored !== undefined && stored.note !== kept?.note) {
      if (kept === undefined || stored.size >= kept.size) writeCheckpointFile(paths.checkpoint, stored)
    }
    reserve.restore()
    return {
      db: opened,
      read,
      epoch,
      holder,
      under: underEpoch(opened, paths.database),
      batches: batchWriter(opened),
      close() {
        opened.close()
        held.close()
      },
    }
  } catch (error) {
    db?.close()
    lock?.close()
    throw storageError(error, paths.database)
  }
}

function requireWritable(paths: NamespacePaths): void {
  for (const path of [paths.dir, paths.database]) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK)
    } catch (error) {
      if (systemCode(error) === 'ENOENT' && path === paths.database) continue
      throw notWritable(path, error)
    }
  }
}

function heldBy(paths: NamespacePaths): SeamError {
  const by = readHolder(paths.holder)
  const who = by === undefined ? 'another process' : `${by.holder} (process ${by.pid} on ${by.host})`
  return new SeamError('CONFLICT', `The journal in ${paths.dir} is in use by ${who}.`, {
    remedy: 'Use that service, or stop it first.',
  })
}

// Never below what an earlier lease had, also where the newest transactions of the database were lost.
function takeEpoch(db: Sqlite, before: number): number {
  const take = db.prepare<[number], number>('UPDATE lease SET epoch = max(epoch, ?) + 1 RETURNING epoch').pluck()
  return db.transaction(() => Number(take.get(before))).immediate()
}
