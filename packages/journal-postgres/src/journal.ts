import type { Journal, JournalGuarantees, Lease, Projections } from '@seamark/core'
import { checkCheckpointSize, checkHashes, scrub } from '@seamark/journal'
import type { MoveMark, ScrubOptions, ScrubReport } from '@seamark/journal'
import { checkBatch, NAME, SeamError, sha256Hex, throwIfAborted } from '@seamark/kit'
import { keepCheckpoint } from './kept-checkpoint.ts'
import type { PostgresJournalOptions } from './options.ts'
import { requireVersionOrOlder } from './migrate.ts'
import { movedMark, moveMarkOf } from './moves.ts'
import { askPage, pageQuery } from './query.ts'
import { follower } from './read.ts'
import { MIGRATIONS, USAGE_SINCE } from './schema.ts'
import type { Migration } from './schema.ts'
import type { Session } from './session.ts'
import { scrubbed } from './scrubbed.ts'
import { store } from './store.ts'
import { checkCovered } from './start-checks.ts'
import { takeOver } from './take-over.ts'
import type { Writer } from './writer.ts'

/** A journal that can also re-read all that it stores. */
export interface PostgresJournal extends Journal {
  /**
   * Re-reads every record, payload, node, snapshot and projection row once, slowly.
   * Errors: `ABORTED`, `UNAVAILABLE`. Damage is given to `onDamage` and ends the pass.
   */
  scrub(ns: string, options?: ScrubOptions): Promise<ScrubReport>
  /**
   * Takes a namespace out of use, after it was moved elsewhere: `acquire` is `CONFLICT` from then on. It can still be
   * read. `move` is what the target's mark says.
   */
  retire(lease: Lease, move?: string): Promise<void>
  /** Lets others lead what arrived, once the source is out of use. */
  admit(lease: Lease): Promise<void>
  /** What a move has left in a namespace. Errors: those of `head`. */
  moveMark(ns: string): Promise<MoveMark | undefined>
}

/** A journal and the projections that its transactions write. */
export interface PostgresStore {
  readonly journal: PostgresJournal
  readonly projections: Projections
}

/** `Journal` and `Projections` on PostgreSQL. Does nothing until first use. Errors: `INVALID_INPUT` for options that can not be. */
export function postgresJournal(options: PostgresJournalOptions): PostgresStore {
  return postgresStore(options, MIGRATIONS)
}

const vacuumMs = 60 * 60 * 1_000

const always: Omit<JournalGuarantees, 'durable'> = {
  fenced: { value: true, proof: 'tested' },
  // A server can not set space aside for some transactions, and gives no space back before it is used again.
  reserve: { value: false, proof: 'tested' },
  erasing: { value: false, proof: 'tested' },
}

interface Held {
  readonly writer: Writer
  readonly lost: AbortController
}

/** The same with other migrations, for tests of old and new versions. */
export function postgresStore(options: PostgresJournalOptions, migrations: readonly Migration[]): PostgresStore {
  const held = new Map<string, Held>()
  const letGo = (ns: string, epoch: number, why: SeamError): void => {
    const one = held.get(ns)
    if (one?.writer.epoch !== epoch) return
    held.delete(ns)
    one.writer.drop()
    one.lost.abort(why)
    at.wake.notify(ns)
  }
  const at = store(options, migrations, {
    leases: () => [...held.values()].map(({ writer }) => writer),
    lost: ({ ns, epoch }) =>
      letGo(ns, epoch, new SeamError('CONFLICT', `The lease with epoch ${epoch} on ${ns} was taken over.`)),
  })
  const { settings, tables, read, wake } = at
  let closed = false

  const begin = (ns: string, signal: AbortSignal | undefined): void => {
    throwIfAborted(signal)
    if (closed) throw new SeamError('UNAVAILABLE', 'The journal is closed.')
    if (!NAME.test(ns)) throw new SeamError('INVALID_INPUT', `${JSON.stringify(ns)} is not the name of a namespace.`)
  }

  const writing = ({ ns, epoch }: Lease, signal: AbortSignal | undefined): Writer => {
    begin(ns, signal)
    const writer = held.get(ns)?.writer
    if (writer?.epoch !== epoch)
      throw new SeamError('CONFLICT', `The lease with epoch ${epoch} on ${ns} is not held any more.`)
    return writer
  }

  const journal: PostgresJournal = {
    spec: 'journal/v1',
    kind: 'postgres',
    name: settings.name,
    get guarantees() {
      // What the server said of itself counts as soon as it was asked.
      const durable: JournalGuarantees['durable'] =
        at.facts?.flushes === false ? { value: false, proof: 'probed' } : { value: true, proof: 'tested' }
      return { ...always, durable }
    },

    async acquire(ns, holder, { signal } = {}) {
      begin(ns, signal)
      if (settings.readOnly)
        throw new SeamError('FORBIDDEN', 'The journal was opened for reading only.', {
          remedy: 'Open it without `readOnly`.',
        })
      const lost = new AbortController()
      const end = (epoch: number, why: SeamError): void => letGo(ns, epoch, why)
      const writer = await takeOver(at, migrations, ns, holder, {
        signal,
        lost: end,
        goOn: () => begin(ns, signal),
        taken: (taken) => {
          begin(ns, undefined)
          held.set(ns, { writer: taken, lost })
        },
      })
      const { epoch } = writer
      wake.notify(ns)
      const release = async (): Promise<void> => {
        if (held.get(ns)?.writer.epoch === epoch) held.delete(ns)
        await writer.release()
        at.bell.ring(ns)
        wake.notify(ns)
      }
      return { ns, epoch, lost: lost.signal, release }
    },

    async append(lease, expectedSize, batch, { signal } = {}) {
      const writer = writing(lease, signal)
      checkBatch(expectedSize, batch)
      await writer.append(expectedSize, batch)
      if (batch.records.length === 0) return
      wake.notify(lease.ns)
      at.bell.ring(lease.ns)
    },

    async commitCheckpoint(lease, checkpoint, { signal } = {}) {
      const writer = writing(lease, signal)
      const { log } = writer
      // Records do not change: they are read beside the appends, and only the note itself waits for its turn.
      await at.ask(async (connection) => {
        const size = await read.size(connection, log)
        checkCheckpointSize(checkpoint.size, size)
        await checkCovered(connection, tables, read, log, checkpoint, size)
      })
      await writer.putCheckpoint(checkpoint)
      keepCheckpoint(settings, lease.ns, checkpoint)
    },

    async head(ns, { signal } = {}) {
      begin(ns, signal)
      await held.get(ns)?.writer.settle()
      return at.about(ns, { size: 0 }, (connection, log) => read.head(connection, log))
    },

    read: follower(at, begin),

    async hashes(ns, level, from, count, { signal } = {}) {
      begin(ns, signal)
      checkHashes(level, from, count)
      return at.about<Uint8Array>(ns, new Uint8Array(0), (connection, log) =>
        read.hashes(connection, log, level, from, count),
      )
    },

    async saveState(lease, snapshot, { signal } = {}) {
      const writer = writing(lease, signal)
      if (sha256Hex(snapshot.bytes) !== snapshot.sha256)
        throw new SeamError('INVALID_INPUT', 'The digest of the snapshot is not that of its bytes.')
      await writer.putState(snapshot)
    },

    async loadState(ns, foldVersion, { signal } = {}) {
      begin(ns, signal)
      return at.about(ns, undefined, (connection, log) => read.state(connection, log, foldVersion))
    },

    async purge(lease, seqs, { signal } = {}) {
      const gone = await writing(lease, signal).purge(seqs)
      // Until then the rows are only marked as deleted. Beside the appends, since it may take long.
      if (gone > 0)
        await at.ask((connection) => connection.query(`VACUUM ${tables.payloads}`, undefined, { timeoutMs: vacuumMs }))
    },

    async ready({ signal } = {}) {
      throwIfAborted(signal)
      if (closed) throw new SeamError('UNAVAILABLE', 'The journal is closed.')
      // A connection is made for it, which refuses a server that no promise can be kept on.
      await at.ask((connection) => requireVersionOrOlder(connection, tables, migrations))
    },

    async retire(lease, move = '') {
      await writing(lease, undefined).putDeployment(movedMark(move))
    },

    async admit(lease) {
      await writing(lease, undefined).putDeployment(settings.deployment)
    },

    async moveMark(ns) {
      begin(ns, undefined)
      return at.about(ns, undefined, async (connection, log) => {
        const found = await connection.query<{ deployment: string }>(
          `SELECT deployment FROM ${tables.logs} WHERE id = $1`,
          [log],
        )
        return moveMarkOf(found[0]?.deployment ?? '')
      })
    },

    async scrub(ns, request = {}) {
      begin(ns, request.signal)
      return scrub(scrubbed(at, ns), request)
    },

    async close() {
      if (closed) return
      closed = true
      const all = [...held.values()]
      held.clear()
      for (const { lost } of all) lost.abort(new SeamError('UNAVAILABLE', 'The journal was closed.'))
      await Promise.all(all.map(({ writer }) => writer.release()))
      for (const { writer } of all) at.bell.ring(writer.ns)
      wake.notifyAll()
      await at.close()
    },
  }

  const projections: Projections = {
    spec: 'projections/v1',
    kind: 'postgres',
    name: settings.name,
    guarantees: {},
    async query(ns, projection, filter, page = {}, { signal } = {}) {
      begin(ns, signal)
      // Refused before anything is asked, also where there is nothing yet.
      pageQuery(tables, 0, projection, filter, page)
      const ask = (connection: Session, log: number) =>
        askPage(connection, tables, projection, pageQuery(tables, log, projection, filter, page))
      return at.about(ns, { rows: [] }, ask, projection === 'usage' ? USAGE_SINCE : undefined)
    },
  }

  return { journal, projections }
}
