import { setImmediate } from 'node:timers/promises'
import type { Journal, Lease, Projections, ReadOptions, StoredRecord } from '@seamark/core'
import { checkCheckpointSize, checkHashes, checkRead, scrub, wakes, writeCheckpointFile } from '@seamark/journal'
import type { MoveMark, ScrubOptions, ScrubReport } from '@seamark/journal'
import { checkBatch, SeamError, throwIfAborted } from '@seamark/kit'
import { endArrival, moveMark, retireFiles } from './moves.ts'
import { openForReading, openForWriting } from './namespace.ts'
import type { OpenReader, OpenWriter } from './namespace.ts'
import { namespacePaths, reservePath, type NamespacePaths } from './paths.ts'
import { purgeBackups } from './purge.ts'
import { query } from './query.ts'
import { reserve } from './reserve.ts'
import { MIGRATIONS } from './schema.ts'
import type { Migration } from './schema.ts'
import { scrubbed } from './scrubbed.ts'
import type { Sqlite } from './sqlite-port.ts'
import { checkCovered } from './start-checks.ts'
import { isFull, isInputOutput, storageError } from './storage-errors.ts'
import { watchFolder } from './watch-folder.ts'
import { epochOf, putCheckpoint, putState, shrinkWal } from './writes.ts'

export interface SqliteJournalOptions {
  /** Folder of the data, made with mode 0700 at first use: one folder in it for each namespace. */
  readonly dir: string
  /** Name of this instance. Default `journal`. */
  readonly name?: string
  /** Never takes a lease: `acquire` is `FORBIDDEN`. */
  readonly readOnly?: boolean
  /** Bytes of disk set aside for urgent batches. Default 16 MiB; 0 for none. */
  readonly reserveBytes?: number
  /**
   * For the target of a move: takes leases on what a move brings, or on what is empty, and keeps everybody else from them
   * until `admit`.
   */
  readonly receiving?: boolean
}

/** A journal that can also re-read all that it stores. */
export interface SqliteJournal extends Journal {
  /**
   * Re-reads every record, payload, node, snapshot and projection row once, slowly.
   * Errors: `ABORTED`. Damage is given to `onDamage` and ends the pass.
   */
  scrub(ns: string, options?: ScrubOptions): Promise<ScrubReport>
  /**
   * Takes a namespace out of use, after it was moved elsewhere, and ends the lease: its database gets the ending
   * `.moved`, and `acquire` is `INTEGRITY` from then on. `move` is what the target's mark says.
   */
  retire(lease: Lease, move?: string): Promise<void>
  /** Lets others lead what arrived, once the source is out of use. */
  admit(lease: Lease): Promise<void>
  /** What a move has left in a namespace. */
  moveMark(ns: string): Promise<MoveMark | undefined>
}

/** A journal and the projections that its transactions write. */
export interface SqliteStore {
  readonly journal: SqliteJournal
  readonly projections: Projections
}

/** `Journal` and `Projections` on SQLite. Does nothing until first use. */
export function sqliteJournal(options: SqliteJournalOptions): SqliteStore {
  return sqliteStore(options, MIGRATIONS)
}

/** The same with other migrations, for tests of old and new versions, and with a look at each connection that writes. */
export function sqliteStore(
  options: SqliteJournalOptions,
  migrations: readonly Migration[],
  opened?: (db: Sqlite) => void,
): SqliteStore {
  const { dir, name = 'journal', readOnly = false, reserveBytes = 16 * 1024 * 1024, receiving = false } = options
  const spare = reserve(reservePath(dir), reserveBytes)
  const wake = wakes()
  const writers = new Map<
    string,
    { readonly open: OpenWriter; readonly paths: NamespacePaths; readonly lost: AbortController }
  >()
  const readers = new Map<string, OpenReader>()
  let closed = false

  const begin = (ns: string, signal: AbortSignal | undefined): NamespacePaths => {
    throwIfAborted(signal)
    if (closed) throw new SeamError('UNAVAILABLE', 'The journal is closed.')
    return writers.get(ns)?.paths ?? namespacePaths(dir, ns)
  }

  const readerOf = (ns: string): OpenReader | undefined => {
    const open = writers.get(ns)?.open ?? readers.get(ns) ?? openForReading(namespacePaths(dir, ns), migrations)
    if (open !== undefined && !writers.has(ns)) readers.set(ns, open)
    return open
  }

  const reading = <T>(ns: string, signal: AbortSignal | undefined, absent: T, body: (open: OpenReader) => T): T => {
    const paths = begin(ns, signal)
    try {
      const open = readerOf(ns)
      return open === undefined ? absent : body(open)
    } catch (error) {
      throw storageError(error, paths.database)
    }
  }

  const letGo = (ns: string, epoch: number, why?: SeamError): void => {
    const writer = writers.get(ns)
    if (writer?.open.epoch !== epoch) return
    writers.delete(ns)
    writer.open.close()
    if (why !== undefined) writer.lost.abort(why)
    wake.notify(ns)
  }

  const writing = <T>(lease: Lease, signal: AbortSignal | undefined, body: (open: OpenWriter) => T): T => {
    const { ns, epoch } = lease
    const paths = begin(ns, signal)
    const open = writers.get(ns)?.open
    if (open?.epoch !== epoch)
      throw new SeamError('CONFLICT', `The lease with epoch ${epoch} on ${paths.database} is not held any more.`)
    try {
      return open.under(epoch, () => body(open))
    } catch (error) {
      open.batches.forget()
      const said = storageError(error, paths.database)
      // Taken over, or it is not known what reached the disk: only a new lease, after its checks, goes on.
      if (isInputOutput(error) || epochOf(open) !== epoch) letGo(ns, epoch, said)
      throw said
    }
  }

  const setAside = (ns: string): boolean => {
    if (spare.restore()) return true
    shrinkWal(writers.get(ns)?.open)
    return spare.restore()
  }

  const journal: SqliteJournal = {
    spec: 'journal/v1',
    kind: 'sqlite',
    name,
    guarantees: {
      durable: { value: true, proof: 'tested' },
      fenced: { value: true, proof: 'tested' },
      reserve: { value: reserveBytes > 0, proof: 'tested' },
      erasing: { value: true, proof: 'tested' },
    },

    async acquire(ns, holder, { signal } = {}) {
      const paths = begin(ns, signal)
      if (readOnly)
        throw new SeamError('FORBIDDEN', `The journal in ${paths.dir} was opened for reading only.`, {
          remedy: 'Open it without `readOnly`.',
        })
      const open = openForWriting(paths, holder, migrations, spare, receiving)
      opened?.(open.db)
      readers.get(ns)?.close()
      readers.delete(ns)
      const lost = new AbortController()
      writers.set(ns, { open, paths, lost })
      wake.notify(ns)
      const { epoch } = open
      return { ns, epoch, lost: lost.signal, release: async () => letGo(ns, epoch) }
    },

    async append(lease, expectedSize, batch, { signal, urgent = false } = {}) {
      begin(lease.ns, signal)
      checkBatch(expectedSize, batch)
      const write = (): void => writing(lease, signal, (open) => open.batches.write(expectedSize, batch))
      if (!urgent && !setAside(lease.ns))
        throw new SeamError('LIMIT_EXCEEDED', `The reserve of disk in ${dir} can not be set aside again.`, {
          remedy: 'Free space on that disk; the next attempt goes through by itself.',
        })
      try {
        write()
      } catch (error) {
        if (!(error instanceof Error) || !isFull(error.cause)) throw error
        if (urgent) spare.free()
        shrinkWal(writers.get(lease.ns)?.open)
        write()
      }
      wake.notify(lease.ns)
    },

    async commitCheckpoint(lease, checkpoint, { signal } = {}) {
      const paths = begin(lease.ns, signal)
      writing(lease, signal, (open) => {
        const present = open.read.checkpoint()
        if (present !== undefined && present.size > checkpoint.size)
          throw new SeamError(
            'CONFLICT',
            `The newest checkpoint covers ${present.size} records, more than the ${checkpoint.size} of this one.`,
          )
        checkCheckpointSize(checkpoint.size, open.read.size())
        checkCovered(open.read, paths, checkpoint)
        putCheckpoint(open, checkpoint)
      })
      try {
        writeCheckpointFile(paths.checkpoint, checkpoint)
      } catch (error) {
        throw storageError(error, paths.checkpoint)
      }
    },

    async head(ns, { signal } = {}) {
      return reading(ns, signal, { size: 0 }, ({ read }) => {
        const checkpoint = read.checkpoint()
        return { size: read.size(), ...(checkpoint && { checkpoint }) }
      })
    },

    read: (ns, from, request = {}) => records(ns, from, request),

    async hashes(ns, level, from, count, { signal } = {}) {
      checkHashes(level, from, count)
      return reading<Uint8Array>(ns, signal, new Uint8Array(0), ({ read }) => read.hashes(level, from, count))
    },

    async saveState(lease, snapshot, { signal } = {}) {
      begin(lease.ns, signal)
      writing(lease, signal, (open) => putState(open, snapshot))
    },

    async loadState(ns, foldVersion, { signal } = {}) {
      return reading(ns, signal, undefined, ({ read }) => read.state(foldVersion))
    },

    async purge(lease, seqs, { signal } = {}) {
      const paths = begin(lease.ns, signal)
      purgeBackups(paths, seqs)
      writing(lease, signal, ({ db }) => {
        const remove = db.prepare<[number]>('DELETE FROM payloads WHERE seq = ?')
        for (const seq of seqs) remove.run(seq)
      })
      // The WAL still has the pages as they were.
      const [busy] = writers
        .get(lease.ns)
        ?.open.db.prepare<[], number[]>('PRAGMA wal_checkpoint(TRUNCATE)')
        .raw()
        .get() ?? [0]
      if (busy !== 0)
        throw new SeamError('UNAVAILABLE', `A reader keeps the write-ahead log of ${paths.database} from being cut.`, {
          remedy: 'Purge again.',
        })
    },

    async retire(lease, move = '') {
      const paths = begin(lease.ns, undefined)
      const { db } = writing(lease, undefined, (open) => open)
      try {
        // Brings the write-ahead log into the database. The lock stays until nobody can open it by its name.
        db.close()
        retireFiles(paths, move)
      } finally {
        letGo(lease.ns, lease.epoch)
      }
    },

    async admit(lease) {
      const paths = begin(lease.ns, undefined)
      writing(lease, undefined, () => endArrival(paths))
    },

    moveMark: async (ns) => moveMark(begin(ns, undefined)),

    async scrub(ns, request = {}) {
      const paths = begin(ns, request.signal)
      return scrub(
        scrubbed(() => reading(ns, request.signal, undefined, (open) => open), paths.database),
        request,
      )
    },

    async close() {
      if (closed) return
      for (const [ns, { open }] of writers)
        letGo(ns, open.epoch, new SeamError('UNAVAILABLE', 'The journal was closed.'))
      for (const open of readers.values()) open.close()
      readers.clear()
      closed = true
      wake.notifyAll()
    },
  }

  async function* records(ns: string, from: number, request: ReadOptions): AsyncIterable<StoredRecord> {
    const { to, run, follow = false, payloads = false, signal } = request
    const { dir: folder } = begin(ns, signal)
    checkRead(from, request)
    let next = from
    let pauseMs = shortestPauseMs
    // Without `follow`, what is there now is what is read.
    const end = follow
      ? Infinity
      : Math.min(
          to ?? Infinity,
          reading(ns, signal, 0, ({ read }) => read.size()),
        )
    for (;;) {
      const page = reading(ns, signal, [], ({ read }) =>
        read.page({ from: next, to: Math.min(end, read.size()), payloads, ...(run !== undefined && { run }) }),
      )
      for (const record of page) {
        throwIfAborted(signal)
        yield record
        next = record.seq + 1
        pauseMs = shortestPauseMs
      }
      if (page.length > 0) await setImmediate()
      else if (!follow) return
      else {
        // Who holds the lease is told by its own appends; others watch the files, and look again for what was missed.
        const outside = !writers.has(ns)
        const news = wake.wait(ns, outside ? pauseMs : undefined, signal)
        const stopWatching = outside ? watchFolder(folder, () => wake.notify(ns)) : undefined
        const happened = await news.finally(stopWatching)
        pauseMs = happened ? shortestPauseMs : Math.min(pauseMs * 4, longestPauseMs)
      }
    }
  }

  const projections: Projections = {
    spec: 'projections/v1',
    kind: 'sqlite',
    name,
    guarantees: {},
    async query(ns, projection, filter, page = {}, { signal } = {}) {
      const paths = begin(ns, signal)
      const open = reading(ns, signal, undefined, (found) => found)
      try {
        return query(open?.db, paths.database, projection, filter, page)
      } catch (error) {
        throw storageError(error, paths.database)
      }
    },
  }

  return { journal, projections }
}

const shortestPauseMs = 2
const longestPauseMs = 1_000
