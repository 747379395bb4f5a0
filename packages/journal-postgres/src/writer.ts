import type { Checkpoint, JournalBatch, StateSnapshot } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { batchWriter } from './append.ts'
import type { Fence } from './append.ts'
import { int8Array } from './binary-array.ts'
import type { Leases, Taken } from './leases.ts'
import type { Value } from './pg-port.ts'
import { runIds } from './run-ids.ts'
import type { Tables } from './schema.ts'
import { isCollision, isRefused, serverError, transactionPooling, whileRunning } from './server-errors.ts'
import type { Session, Sessions } from './session.ts'

/** Everything that is written under one lease. Calls are made one after the other. */
export interface Writer {
  readonly ns: string
  readonly log: number
  readonly epoch: number
  append(expectedSize: number, batch: JournalBatch): Promise<void>
  putCheckpoint(checkpoint: Checkpoint): Promise<void>
  putState(snapshot: StateSnapshot): Promise<void>
  /** Resolves with how many payloads there were. */
  purge(seqs: readonly number[]): Promise<number>
  /** Gives the namespace to a deployment, or to none. */
  putDeployment(name: string): Promise<void>
  /** Where it is not known whether the last write took effect, finds out that it did, did not, and will not any more. */
  settle(): Promise<void>
  release(): Promise<void>
  /** Ends its connection without releasing the lease. */
  drop(): void
}

export interface WriterOptions {
  readonly tables: Tables
  readonly sessions: Sessions
  readonly leases: Leases
  readonly ns: string
  readonly log: number
  readonly taken: Taken
  readonly connection: Session
  /** Another epoch is in the database, or the connection is not one that can be fenced. */
  readonly lost: (why: SeamError) => void
}

const collisionsPerCall = 5

export function writer(options: WriterOptions): Writer {
  const { tables: t, sessions, leases, ns, log, taken } = options
  const { epoch } = taken
  const ids = runIds(t, log, taken.runs)
  const writeBatch = batchWriter(t)
  const label = `The journal of ${ns} in schema ${t.schema}`
  let connection: Session | undefined = options.connection
  let session = taken.session
  let ended = false
  let last: Promise<unknown> = Promise.resolve()

  /** The connection, made anew where the last one broke: from then on what was sent on that one is refused. */
  async function connected(): Promise<Session> {
    if (ended) throw stale(undefined)
    if (connection !== undefined && !connection.gone) return connection
    connection = undefined
    const opened = await sessions.open()
    try {
      const found = await leases.announce(opened, log, epoch)
      if (found === undefined) throw stale(undefined)
      session = found.session
      ids.reset(found.runs)
    } catch (error) {
      opened.cut()
      throw error
    }
    return (connection = opened)
  }

  function stale(now: number | undefined): SeamError {
    const error = new SeamError(
      'CONFLICT',
      now === undefined
        ? `The lease with epoch ${epoch} on ${ns} was taken over.`
        : `The lease with epoch ${epoch} on ${ns} was taken over with epoch ${now}.`,
    )
    options.lost(error)
    return error
  }

  function exclusively<T>(call: (on: Session, fence: Fence) => Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      for (let collisions = 0; ; collisions++) {
        try {
          const on = await connected()
          return await call(on, { log, epoch, session, pid: on.pid })
        } catch (error) {
          // After anything but a plain refusal it is not known what the server did: only a new connection finds out.
          if (!isRefused(error) && !(error instanceof SeamError)) connection?.cut()
          if (isCollision(error) && collisions < collisionsPerCall) continue
          throw whileRunning(serverError(error, label))
        }
      }
    })
    // Only the turn of the next call: whoever made this one is told by what it gets.
    last = turn.catch(() => undefined)
    return turn
  }

  /** Why a statement with a fence had no effect. */
  async function whyNot(on: Session, fence: Fence, expectedSize?: number): Promise<SeamError> {
    const [row] = await on.query<{ epoch: number; session: number; size: number; pid: number }>(
      `SELECT epoch, session, size, pg_backend_pid() AS pid FROM ${t.logs} WHERE id = $1`,
      [log],
    )
    if (row === undefined) return new SeamError('INTEGRITY', `${label} has lost its log.`)
    if (row.epoch !== epoch) return stale(row.epoch)
    if (row.pid !== fence.pid) {
      const error = transactionPooling()
      options.lost(error)
      return error
    }
    if (row.session !== fence.session) {
      on.cut()
      return new SeamError('UNAVAILABLE', `${label} is written through a newer connection.`)
    }
    if (expectedSize !== undefined && row.size !== expectedSize)
      return new SeamError('CONFLICT', `The log has ${row.size} records, not the expected ${expectedSize}.`)
    // The pooler may have moved this connection for that one statement only.
    on.cut()
    return new SeamError('UNAVAILABLE', `${label} was written by another server process than its own.`)
  }

  // Parameters 1 to 4 are the fence.
  const fenced = (more: string): string => `WITH log AS (
    SELECT id, size FROM ${t.logs} WHERE id = $1::int4 AND epoch = $2::int8 AND session = $3::int8
      AND pg_backend_pid() = $4::int4 FOR UPDATE) ${more}`

  async function under(on: Session, fence: Fence, more: string, values: readonly Value[]): Promise<number> {
    const all = [fence.log, fence.epoch, fence.session, fence.pid, ...values]
    const [row] = await on.query<{ logs: number; done: number }>(fenced(more), all)
    if (row?.logs !== 1) throw await whyNot(on, fence)
    return row.done
  }

  return {
    ns,
    log,
    epoch,
    append: (expectedSize, batch) =>
      exclusively(async (on, fence) => {
        const before = ids.last
        try {
          if (await writeBatch(on, fence, expectedSize, batch, ids)) return
        } catch (error) {
          ids.reset(before)
          throw error
        }
        ids.reset(before)
        throw await whyNot(on, fence, expectedSize)
      }),
    putCheckpoint: ({ origin, size, root, note }) =>
      exclusively(async (on, fence) => {
        const put = `, put AS (
          INSERT INTO ${t.checkpoints} AS c (log, origin, size, root, note)
          SELECT id, $5, $6, $7, $8 FROM log
          ON CONFLICT (log) DO UPDATE SET origin = excluded.origin, size = excluded.size, root = excluded.root,
            note = excluded.note WHERE c.size <= excluded.size RETURNING 1)
          SELECT (SELECT count(*) FROM log) AS logs, (SELECT count(*) FROM put) AS done`
        if ((await under(on, fence, put, [origin, size, root, note])) !== 1)
          throw new SeamError('CONFLICT', `The newest checkpoint of ${ns} covers more than the ${size} of this one.`)
      }),
    putState: ({ size, foldVersion, sha256, bytes }) =>
      exclusively(async (on, fence) => {
        const put = `, old AS (
          DELETE FROM ${t.states} USING log WHERE ${t.states}.log = log.id AND $5::int8 <= log.size
            AND ${t.states}.id < (SELECT max(id) FROM ${t.states} WHERE log = $1)),
          put AS (
          INSERT INTO ${t.states} (log, size, fold_version, sha256, bytes)
          SELECT id, $5::int8, $6, $7, $8 FROM log WHERE $5::int8 <= log.size RETURNING 1)
          SELECT (SELECT count(*) FROM log) AS logs, (SELECT count(*) FROM put) AS done`
        if ((await under(on, fence, put, [size, foldVersion, sha256, Buffer.from(bytes)])) !== 1)
          throw new SeamError('INVALID_INPUT', `A snapshot at size ${size} is ahead of the log.`)
      }),
    purge: (seqs) =>
      exclusively(async (on, fence) => {
        const remove = `, gone AS (
          DELETE FROM ${t.payloads} p USING log WHERE p.log = log.id AND p.seq = ANY ($5::int8[]) RETURNING 1)
          SELECT (SELECT count(*) FROM log) AS logs, (SELECT count(*) FROM gone) AS done`
        return under(on, fence, remove, [int8Array(seqs)])
      }),
    putDeployment: (name) =>
      exclusively(async (on, fence) => {
        const put = `, put AS (
          UPDATE ${t.logs} l SET deployment = $5 FROM log WHERE l.id = log.id RETURNING 1)
          SELECT (SELECT count(*) FROM log) AS logs, (SELECT count(*) FROM put) AS done`
        await under(on, fence, put, [name])
      }),
    async settle() {
      if (connection?.gone === false) {
        await last
        if (connection?.gone === false) return
      }
      await exclusively(() => Promise.resolve())
    },
    async release() {
      ended = true
      await last
      const on = connection
      if (on === undefined || on.gone) return
      // A lease that can not be given back ends by itself, after its time to live.
      await leases.release(on, log, epoch).catch(() => undefined)
      await on.end()
    },
    drop() {
      ended = true
      connection?.cut()
    },
  }
}
