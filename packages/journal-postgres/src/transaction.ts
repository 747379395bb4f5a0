import type { Connection } from './pg-port.ts'

/** Runs `body` in one transaction. A connection whose transaction can not be rolled back is cut, which does the same. */
export async function inTransaction<T>(connection: Connection, body: () => Promise<T>): Promise<T> {
  await connection.query('BEGIN')
  try {
    const result = await body()
    await connection.query('COMMIT')
    return result
  } catch (error) {
    // The first error says why; one of the rollback would only hide it.
    if (!connection.gone) await connection.query('ROLLBACK').catch(() => connection.cut())
    throw error
  }
}
