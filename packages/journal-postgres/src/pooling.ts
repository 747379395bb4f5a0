import { systemCode } from '@seamark/kit'
import type { Connection } from './pg-port.ts'
import { isRefused, transactionPooling } from './server-errors.ts'

const answerMs = 3_000

/**
 * Finds out whether a pooler keeps a connection with its server process between transactions, as PgBouncer does in
 * session mode. Where it does not, a second connection with an open transaction gets the process of the first, or moves
 * it to another. What this does not see is seen by the first append that comes from another process.
 * Errors: `UNSUPPORTED`.
 */
export async function requireSessions(first: Connection, another: () => Promise<Connection>): Promise<void> {
  const second = await another()
  try {
    const own = await pidOf(first)
    // A pooler that takes its processes in turn gives another one, where it has several.
    if ((await pidOf(first)) !== own) throw transactionPooling()
    await second.query('BEGIN')
    const others = await pidOf(second)
    const later = await pidOf(first)
    await second.query('ROLLBACK')
    if (others === own || later !== own) throw transactionPooling()
  } catch (error) {
    // Statement pooling refuses a transaction; a pool of one process lets the other connection wait.
    if (isRefused(error) || systemCode(error) === '08P01' || first.gone) throw transactionPooling()
    throw error
  } finally {
    await second.end()
  }
}

async function pidOf(connection: Connection): Promise<number> {
  const [row] = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid', undefined, {
    timeoutMs: answerMs,
  })
  return row?.pid ?? 0
}
