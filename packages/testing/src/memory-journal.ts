import type { Journal, JournalBatch, Lease, Projections, ReadOptions, StoredRecord } from '@seamark/core'
import { checkCheckpointSize, checkHashes, checkRead } from '@seamark/journal'
import { checkBatch, NAME, SeamError, sha256Hex, throwIfAborted } from '@seamark/kit'
import { leafHash } from '@seamark/log'
import { addBatch, memoryLog, rootAt } from './memory-log.ts'
import type { MemoryLog } from './memory-log.ts'
import { queryMemory } from './memory-projections.ts'

export interface MemoryJournalOptions {
  /**
   * Asked before each append that would succeed. `fail-before` stores nothing, `fail-after` stores
   * the batch and loses the answer; both reject with `UNAVAILABLE`, so the caller must look at `head`.
   */
  readonly onAppend?: (batch: JournalBatch, ns: string) => 'ok' | 'fail-before' | 'fail-after'
  /** While it returns true the disk is full: batches that are not urgent are `LIMIT_EXCEEDED`. */
  readonly full?: () => boolean
}

/** A journal in memory and the projections that it writes. Each call does its work before it returns its promise. */
export interface MemoryJournal {
  readonly journal: Journal
  readonly projections: Projections
  /** As after kill -9 and a new start: this handle is dead, its leases are free, and another one opens what was stored. */
  reopen(): MemoryJournal
  /** As when another process took the lease: appends under it are `CONFLICT`, and it is told that it is lost. */
  depose(ns: string): void
}

/** `Journal` and `Projections` in memory, with the semantics of a durable one but for durability. */
export function memoryJournal(options: MemoryJournalOptions = {}): MemoryJournal {
  return openMemory(new Map(), options)
}

interface Held {
  readonly epoch: number
  readonly holder: string
  readonly lost: AbortController
}

function openMemory(logs: Map<string, MemoryLog>, options: MemoryJournalOptions): MemoryJournal {
  const held = new Map<string, Held>()
  let closed = false

  const begin = (ns: string, signal: AbortSignal | undefined): void => {
    throwIfAborted(signal)
    if (closed) throw new SeamError('UNAVAILABLE', 'The journal is closed.')
    if (!NAME.test(ns)) throw new SeamError('INVALID_INPUT', `${JSON.stringify(ns)} is not the name of a namespace.`)
  }
  const writable = (lease: Lease): MemoryLog => {
    const log = logs.get(lease.ns)
    if (log === undefined || log.epoch !== lease.epoch || held.get(lease.ns)?.epoch !== lease.epoch)
      throw new SeamError('CONFLICT', `The lease with epoch ${lease.epoch} on ${lease.ns} is not held any more.`)
    return log
  }
  const wake = (log: MemoryLog): void => {
    const waiting = [...log.waiting]
    log.waiting.clear()
    waiting.forEach((call) => call())
  }
  const die = (): void => {
    if (closed) return
    closed = true
    held.clear()
    logs.forEach(wake)
  }
  const logOf = (ns: string): MemoryLog => {
    const log = logs.get(ns) ?? memoryLog()
    logs.set(ns, log)
    return log
  }

  const journal: Journal = {
    spec: 'journal/v1',
    kind: 'memory',
    name: 'journal',
    guarantees: {
      durable: { value: false, proof: 'tested' },
      fenced: { value: true, proof: 'tested' },
      reserve: { value: true, proof: 'tested' },
      erasing: { value: true, proof: 'tested' },
    },

    async acquire(ns, holder, { signal } = {}) {
      begin(ns, signal)
      const present = held.get(ns)
      if (present !== undefined) throw new SeamError('CONFLICT', `The journal of ${ns} is in use by ${present.holder}.`)
      const log = logOf(ns)
      const epoch = ++log.epoch
      const lost = new AbortController()
      held.set(ns, { epoch, holder, lost })
      const release = async (): Promise<void> => {
        if (held.get(ns)?.epoch === epoch) held.delete(ns)
      }
      return { ns, epoch, lost: lost.signal, release }
    },

    async append(lease, expectedSize, batch, { signal, urgent = false } = {}) {
      begin(lease.ns, signal)
      checkBatch(expectedSize, batch)
      const log = writable(lease)
      if (log.records.length !== expectedSize)
        throw new SeamError('CONFLICT', `The log has ${log.records.length} records, not the expected ${expectedSize}.`)
      if (!urgent && options.full?.() === true)
        throw new SeamError('LIMIT_EXCEEDED', 'The reserve of disk is used up and can not be set aside again.')
      const fate = options.onAppend?.(batch, lease.ns) ?? 'ok'
      if (fate !== 'fail-before') {
        addBatch(log, batch)
        wake(log)
      }
      if (fate !== 'ok') throw new SeamError('UNAVAILABLE', 'The answer of the append was lost.')
    },

    async commitCheckpoint(lease, checkpoint, { signal } = {}) {
      begin(lease.ns, signal)
      const log = writable(lease)
      const { size } = checkpoint
      if (log.checkpoint !== undefined && log.checkpoint.size > size)
        throw new SeamError(
          'CONFLICT',
          `The newest checkpoint covers ${log.checkpoint.size} records, more than ${size}.`,
        )
      checkCheckpointSize(size, log.records.length)
      const { root, keep } = rootAt(log, size)
      if (root !== checkpoint.root)
        throw new SeamError('INTEGRITY', `The first ${size} records have root ${root}, not ${checkpoint.root}.`)
      keep()
      log.checkpoint = { ...checkpoint }
    },

    async head(ns, { signal } = {}) {
      begin(ns, signal)
      const log = logs.get(ns)
      return { size: log?.records.length ?? 0, ...(log?.checkpoint && { checkpoint: { ...log.checkpoint } }) }
    },

    read: (ns, from, request = {}) => records(ns, from, request),

    async hashes(ns, level, from, count, { signal } = {}) {
      begin(ns, signal)
      checkHashes(level, from, count)
      const log = logs.get(ns)
      const found =
        level === 0
          ? log?.records.slice(from, from + count).map(({ leaf }) => leaf)
          : log?.nodes.get(level)?.slice(from, from + count)
      return Buffer.concat(found ?? [])
    },

    async saveState(lease, snapshot, { signal } = {}) {
      begin(lease.ns, signal)
      const log = writable(lease)
      if (sha256Hex(snapshot.bytes) !== snapshot.sha256)
        throw new SeamError('INVALID_INPUT', 'The digest of the snapshot is not that of its bytes.')
      if (snapshot.size > log.records.length)
        throw new SeamError('INVALID_INPUT', `A snapshot at size ${snapshot.size} is ahead of the log.`)
      log.states = [...log.states.slice(-1), { ...snapshot, bytes: new Uint8Array(snapshot.bytes) }]
    },

    async loadState(ns, foldVersion, { signal } = {}) {
      begin(ns, signal)
      const found = logs.get(ns)?.states.findLast((state) => state.foldVersion === foldVersion)
      return found && { ...found, bytes: new Uint8Array(found.bytes) }
    },

    async purge(lease, seqs, { signal } = {}) {
      begin(lease.ns, signal)
      const log = writable(lease)
      for (const seq of seqs) log.payloads.delete(seq)
    },

    async close() {
      const lost = [...held.values()]
      die()
      for (const one of lost) one.lost.abort(new SeamError('UNAVAILABLE', 'The journal was closed.'))
    },
  }

  async function* records(ns: string, from: number, request: ReadOptions): AsyncIterable<StoredRecord> {
    const { to, run, follow = false, payloads = false, signal } = request
    begin(ns, signal)
    checkRead(from, request)
    const log = logOf(ns)
    const end = follow ? Infinity : Math.min(to ?? Infinity, log.records.length)
    for (let next = from; ; next++) {
      begin(ns, signal)
      if (next >= end) return
      while (next >= log.records.length) await appended(log, signal, () => begin(ns, signal))
      const record = log.records[next]
      if (record === undefined || (run !== undefined && record.run !== run)) continue
      if (Buffer.compare(record.leaf, leafHash(record.header)) !== 0)
        throw new SeamError('INTEGRITY', `The header of record ${next} has another leaf hash than stored.`, {
          place: { pointer: `/records/${next}` },
        })
      const payload = payloads ? log.payloads.get(next) : undefined
      yield {
        ...record,
        header: new Uint8Array(record.header),
        leaf: new Uint8Array(record.leaf),
        ...(payload && { payload: { salt: new Uint8Array(payload.salt), bytes: new Uint8Array(payload.bytes) } }),
      }
    }
  }

  const projections: Projections = {
    spec: 'projections/v1',
    kind: 'memory',
    name: 'journal',
    guarantees: {},
    async query(ns, projection, filter, page = {}, { signal } = {}) {
      begin(ns, signal)
      return queryMemory(logs.get(ns), projection, filter, page)
    },
  }

  return {
    journal,
    projections,
    reopen() {
      die()
      return openMemory(logs, options)
    },
    depose(ns) {
      const log = logs.get(ns)
      const lease = held.get(ns)
      if (log === undefined || lease === undefined) return
      log.epoch++
      held.delete(ns)
      lease.lost.abort(new SeamError('CONFLICT', `The lease on ${ns} was taken over.`))
    },
  }
}

function appended(log: MemoryLog, signal: AbortSignal | undefined, check: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      log.waiting.delete(wake)
      signal?.removeEventListener('abort', wake)
      try {
        check()
        resolve()
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    log.waiting.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
  })
}
