import { hostname } from 'node:os'
import { notEmpty, stillArriving } from '@seamark/journal'
import { SeamError } from '@seamark/kit'
import { arrivingMark, moveMarkOf } from './moves.ts'
import type { Connection } from './pg-port.ts'
import type { Tables } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** The row of a namespace's lease, as another one sees it. */
export type LeaseRow = {
  readonly epoch: number
  readonly holder: string | null
  readonly process: number | null
  readonly host: string | null
  /** Whether nobody holds it, or its holder gave no sign for its time to live. */
  readonly free: boolean
}

/** A lease that was taken. */
export interface Taken {
  readonly epoch: number
  readonly session: number
  readonly size: number
  readonly runs: number
}

/** Who takes a lease. */
export interface Taker {
  readonly holder: string
  readonly deployment: string
  readonly ttlMs: number
  /** Takes what a move brings, or what is empty, and nothing else. */
  readonly receiving: boolean
}

export interface Leases {
  /**
   * The number of a namespace's log, made where there is none yet.
   * Errors: `CONFLICT` where the namespace is of another deployment, or moved, or comes here by a move that is not over.
   */
  logOf(connection: Connection, ns: string, by: Pick<Taker, 'deployment' | 'receiving'>): Promise<number>
  look(connection: Connection, log: number): Promise<LeaseRow>
  /**
   * Takes a lease that is free; `undefined` where another one was quicker.
   * Errors: `CONFLICT` where the namespace is of another deployment by now.
   */
  take(connection: Connection, ns: string, log: number, by: Taker): Promise<Taken | undefined>
  /** Makes this connection the only one that may write under the lease; `undefined` where the epoch is another. */
  announce(connection: Connection, log: number, epoch: number): Promise<Omit<Taken, 'epoch'> | undefined>
  release(connection: Connection, log: number, epoch: number): Promise<void>
  /** Errors: `CONFLICT` while any lease is alive. */
  requireIdle(connection: Connection): Promise<void>
}

// All in the time of the database. While it is down nobody can give a sign, so its start counts as one; a sign from its
// future means that its clock was set back.
const free = `(l.holder IS NULL
  OR greatest(l.beat, pg_postmaster_start_time()) + l.ttl_ms * interval '1 ms' < clock_timestamp()
  OR l.beat > clock_timestamp() + l.ttl_ms * interval '1 ms')`

const lockWaitMs = 1_000

export function leases(t: Tables): Leases {
  // The server ends the connection of a leader that is gone, cut off or stopped, so that no transaction of it is left
  // half way with the row locked. The epoch is what keeps it out, also where this role may not do that.
  const endFormer = `
    SELECT pg_terminate_backend(a.pid) FROM ${t.leases} l JOIN pg_stat_activity a
      ON a.pid = l.backend AND a.backend_start = l.backend_start
    WHERE l.log = $1 AND a.pid <> pg_backend_pid()`
  const self = `backend = pg_backend_pid(),
    backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())`
  const lookText = `SELECT l.epoch, l.holder, l.process, l.host, ${free} AS free FROM ${t.leases} l WHERE l.log = $1`

  async function look(connection: Connection, log: number, lock = ''): Promise<LeaseRow> {
    const [row] = await connection.query<LeaseRow>(`${lookText} ${lock}`, [log])
    if (row === undefined) throw new SeamError('INTEGRITY', `The schema ${t.schema} has a log without its lease.`)
    return row
  }
  async function logOf(
    connection: Connection,
    ns: string,
    { deployment, receiving }: Pick<Taker, 'deployment' | 'receiving'>,
  ): Promise<number> {
    const find = async (): Promise<{ id: number; deployment: string; size: number } | undefined> =>
      (
        await connection.query<{ id: number; deployment: string; size: number }>(
          `SELECT id, deployment, size FROM ${t.logs} WHERE ns = $1`,
          [ns],
        )
      )[0]
    if ((await find()) === undefined)
      await connection.query(
        `WITH made AS (
          INSERT INTO ${t.logs} (ns, deployment) VALUES ($1, $2) ON CONFLICT (ns) DO NOTHING RETURNING id)
        INSERT INTO ${t.leases} (log, epoch) SELECT id, 0 FROM made`,
        [ns, deployment],
      )
    const found = await find()
    if (found === undefined) throw new SeamError('INTERNAL', `The log of ${ns} was made and is not there.`)
    const where = `The namespace ${ns} in schema ${t.schema}`
    const mark = moveMarkOf(found.deployment)
    if (mark?.state === 'moved')
      throw new SeamError('CONFLICT', `${where} was moved away.`, {
        remedy: 'Use the journal that it was moved to; for another one, an empty schema.',
      })
    if (mark !== undefined && !receiving) throw stillArriving(where)
    if (mark !== undefined) return found.id
    if (found.deployment !== deployment)
      throw new SeamError('CONFLICT', `${where} belongs to the deployment ${found.deployment}, not to ${deployment}.`, {
        remedy: 'Give this deployment a namespace, a schema or a database of its own.',
      })
    if (receiving && found.size > 0) throw notEmpty(where)
    return found.id
  }

  const impatient = (): string => `SET LOCAL lock_timeout TO ${lockWaitMs}`

  return {
    look: (connection, log) => look(connection, log),
    logOf,
    async take(connection, ns, log, { holder, deployment, ttlMs, receiving }) {
      await connection.query(`${endFormer} AND l.holder IS NOT NULL AND ${free}`, [log]).catch(ifForbidden)
      return inTransaction(connection, async () => {
        await connection.query(impatient())
        const row = await look(connection, log, 'FOR UPDATE')
        if (!row.free) return undefined
        // Moved away, maybe, while this one waited.
        await logOf(connection, ns, { deployment, receiving })
        const [taken] = await connection.query<Taken & Record<string, unknown>>(
          `UPDATE ${t.logs} SET epoch = epoch + 1, session = session + 1,
              deployment = CASE WHEN deployment = $2 THEN coalesce($3, deployment) ELSE deployment END
            WHERE id = $1 RETURNING epoch, session, size, runs`,
          [log, deployment, receiving ? arrivingMark() : null],
        )
        if (taken === undefined) throw new SeamError('INTEGRITY', `The schema ${t.schema} has a lease without its log.`)
        await connection.query(
          `UPDATE ${t.leases} SET epoch = $2, holder = $3, process = $4, host = $5, ttl_ms = $6,
            beat = clock_timestamp(), ${self} WHERE log = $1`,
          [log, taken.epoch, holder, process.pid, hostname(), ttlMs],
        )
        return taken
      })
    },
    async announce(connection, log, epoch) {
      await connection.query(`${endFormer} AND l.epoch = $2 AND l.holder IS NOT NULL`, [log, epoch]).catch(ifForbidden)
      return inTransaction(connection, async () => {
        await connection.query(`SET LOCAL lock_timeout TO ${10 * lockWaitMs}`)
        // Waits for a commit of the former connection that is under way; one that comes later finds another session.
        const [found] = await connection.query<Omit<Taken, 'epoch'> & Record<string, unknown>>(
          `UPDATE ${t.logs} SET session = session + 1 WHERE id = $1 AND epoch = $2 RETURNING session, size, runs`,
          [log, epoch],
        )
        if (found !== undefined)
          await connection.query(`UPDATE ${t.leases} SET ${self} WHERE log = $1 AND epoch = $2`, [log, epoch])
        return found
      })
    },
    async release(connection, log, epoch) {
      await connection.query(`UPDATE ${t.leases} SET holder = NULL WHERE log = $1 AND epoch = $2`, [log, epoch])
    },
    async requireIdle(connection) {
      const [held] = await connection.query<{ ns: string; holder: string }>(
        `SELECT g.ns, l.holder FROM ${t.leases} l JOIN ${t.logs} g ON g.id = l.log WHERE NOT ${free} LIMIT 1`,
      )
      if (held !== undefined)
        throw new SeamError(
          'CONFLICT',
          `The schema ${t.schema} can not be migrated while ${held.holder} works on ${held.ns}.`,
          { remedy: 'Stop every service of the older release first.' },
        )
    },
  }
}

/** Says who has it. */
export function heldBy(ns: string, { holder, process: pid, host }: LeaseRow): SeamError {
  return new SeamError('CONFLICT', `The journal of ${ns} is in use by ${holder} (process ${pid} on ${host}).`, {
    remedy: 'Use that service, stop it first, or wait for it as a standby.',
  })
}

function ifForbidden(error: unknown): readonly [] {
  if (error instanceof Error && 'code' in error && error.code === '42501') return []
  throw error
}
