import { existsSync, statSync } from 'node:fs'
import type { Checkpoint } from '@seamark/core'
import { checkCovers, checkNodes, damagedState, rootRanges } from '@seamark/journal'
import { SeamError, sha256Hex } from '@seamark/kit'
import type { Holder } from './holder-file.ts'
import type { NamespacePaths } from './paths.ts'
import type { Reader } from './reader.ts'
import type { Sqlite } from './sqlite-port.ts'

const tailRecords = 256
// SQLite reads every page for it; larger databases are left to the scrub, so that a start stays short.
const quickCheckBytes = 32 * 1024 * 1024

/** Refuses, with `INTEGRITY`, to begin anew where a journal was. To be called before SQLite, which would drop the WAL of an empty file. */
export function checkFilesThere(
  paths: NamespacePaths,
  checkpoint: Checkpoint | undefined,
  holder: Holder | undefined,
): void {
  if ((statSync(paths.database, { throwIfNoEntry: false })?.size ?? 0) > 0) return
  const moved = existsSync(`${paths.database}.moved`)
  const there = (what: string): SeamError =>
    new SeamError('INTEGRITY', `${paths.database} ${moved ? 'was moved away' : 'is missing or empty'}, but ${what}.`, {
      remedy: moved
        ? 'Use the journal that it was moved to; for another one, an empty folder.'
        : 'Restore the database from a backup.',
    })
  if (checkpoint !== undefined)
    throw there(`the signed checkpoint in ${paths.checkpoint} covers ${checkpoint.size} records`)
  if (holder !== undefined && holder.epoch > 0) throw there(`${paths.holder} says that there was one`)
  if ((statSync(paths.wal, { throwIfNoEntry: false })?.size ?? 0) > 0) throw there(`its log ${paths.wal} is there`)
}

/** What is checked at every start: pages, the newest checkpoints, the tail of the log and the snapshots. Errors: `INTEGRITY`. */
export function checkStored(db: Sqlite, read: Reader, paths: NamespacePaths, kept: Checkpoint | undefined): void {
  if (statSync(paths.database).size <= quickCheckBytes) {
    const result = db.pragma('quick_check(1)', { simple: true })
    if (result !== 'ok')
      throw new SeamError('INTEGRITY', `${paths.database} is damaged: ${String(result)}.`, {
        remedy: 'Restore it from a backup.',
      })
  }
  for (const checkpoint of [kept, read.checkpoint()])
    if (checkpoint !== undefined) checkCovered(read, paths, checkpoint)
  checkTail(read, paths.database)
  checkStates(db, paths.database)
}

/** Errors: `INTEGRITY` when the log is shorter than, or different from, what a checkpoint covers. */
export function checkCovered(read: Reader, paths: NamespacePaths, checkpoint: Checkpoint): void {
  const hashes = rootRanges(checkpoint.size).map(({ level, from, count }) => read.hashes(level, from, count))
  const named = `the signed checkpoint in ${paths.checkpoint}`
  checkCovers({ where: paths.database, size: read.size(), checkpoint, named, hashes })
}

function checkTail(read: Reader, path: string): void {
  const size = read.size()
  for (let from = Math.max(0, size - tailRecords); from < size;)
    from += read.page({ from, to: size, payloads: false }).length
  // The nodes over the tail, from which the next ones are made.
  const from = Math.max(0, Math.floor(size / 16) - tailRecords / 16)
  const count = Math.floor(size / 16) - from
  checkNodes(path, { level: 4, from, count }, read.hashes(4, from, count), read.hashes(0, from * 16, count * 16))
}

function checkStates(db: Sqlite, path: string): void {
  const states = db.prepare<[], { size: number; sha256: string; bytes: Buffer }>(
    'SELECT size, sha256, bytes FROM states',
  )
  for (const { size, sha256, bytes } of states.iterate())
    if (sha256Hex(bytes) !== sha256) throw damagedState(path, size)
}
