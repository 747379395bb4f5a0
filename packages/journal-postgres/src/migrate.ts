import { SeamError } from '@seamark/kit'
import type { Connection } from './pg-port.ts'
import { PRODUCT } from './schema.ts'
import type { Migration, Tables } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** The version that a list of migrations leads to. */
export function latestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.to ?? 0
}

/**
 * The version of what is in the schema; 0 where there is nothing.
 * Errors: `FORBIDDEN` where the schema has what is not ours.
 */
export async function schemaVersion(connection: Connection, { schema, meta }: Tables): Promise<number> {
  const [there] = await connection.query<{ tables: number; meta: boolean }>(
    `SELECT count(*) AS tables, coalesce(bool_or(c.relname = 'meta'), false) AS meta
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1`,
    [schema],
  )
  if (there === undefined || there.tables === 0) return 0
  const [columns] = there.meta
    ? await connection.query<{ count: number }>(
        `SELECT count(*) AS count FROM pg_attribute WHERE attrelid = $1::regclass AND attname IN ('product', 'version')`,
        [meta],
      )
    : []
  const [row] =
    columns?.count === 2
      ? await connection.query<{ product: string; version: number }>(`SELECT product, version FROM ${meta}`)
      : []
  if (row?.product === PRODUCT && Number.isSafeInteger(row.version)) return row.version
  throw new SeamError('FORBIDDEN', `The schema ${schema} holds tables that Seamark did not make.`, {
    remedy: 'Name another `schema`, or another database; nothing was changed in this one.',
  })
}

/**
 * The version, 0 where there is none yet. Errors: `UNSUPPORTED`, naming both versions, for a newer one, or an older one
 * that readers can not do with; `FORBIDDEN`.
 */
export async function requireVersion(
  connection: Connection,
  tables: Tables,
  migrations: readonly Migration[],
): Promise<number> {
  const latest = latestVersion(migrations)
  const version = await schemaVersion(connection, tables)
  if (version > latest) throw tooNew(tables, version, latest)
  if (version > 0 && migrations.some(({ to, readersDoWithout }) => to > version && readersDoWithout !== true))
    throw new SeamError(
      'UNSUPPORTED',
      `The schema ${tables.schema} has version ${version}; this release reads ${latest}.`,
      { remedy: 'Start the service once: whoever takes the lease migrates it.' },
    )
  return version
}

/** Errors: `UNSUPPORTED` for a schema of a newer version; `FORBIDDEN`. */
export async function requireVersionOrOlder(
  connection: Connection,
  tables: Tables,
  migrations: readonly Migration[],
): Promise<void> {
  const version = await schemaVersion(connection, tables)
  const latest = latestVersion(migrations)
  if (version > latest) throw tooNew(tables, version, latest)
}

/**
 * Brings the schema to the newest version, one transaction a step, under a lock that all releases take. Where tables
 * are there already, no lease may be alive, and the epochs move on, so that an older release that wakes up is refused.
 * Errors: `UNSUPPORTED` for a newer version, `CONFLICT` for a live lease, `FORBIDDEN`.
 */
export async function migrate(
  connection: Connection,
  tables: Tables,
  migrations: readonly Migration[],
  requireIdle: () => Promise<void>,
): Promise<void> {
  const latest = latestVersion(migrations)
  for (;;) {
    const before = await schemaVersion(connection, tables)
    if (before > latest) throw tooNew(tables, before, latest)
    if (before === latest) return
    await inTransaction(connection, async () => {
      await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`${PRODUCT} ${tables.schema}`])
      // Somebody else may have made the step while this one waited.
      const version = await schemaVersion(connection, tables)
      const step = migrations.find(({ to }) => to > version)
      if (step === undefined || version > latest) return
      if (version === 0) await createSchema(connection, tables)
      else {
        await connection.query(`LOCK TABLE ${tables.logs}, ${tables.leases} IN EXCLUSIVE MODE`)
        await requireIdle()
      }
      await connection.query(step.sql(tables))
      await connection.query(`UPDATE ${tables.meta} SET version = $1`, [step.to])
      await connection.query(`UPDATE ${tables.logs} SET epoch = epoch + 1`)
      await connection.query(`UPDATE ${tables.leases} SET epoch = epoch + 1, holder = NULL`)
    })
  }
}

// Asked for first: `IF NOT EXISTS` needs the permission to make one even where it is there.
async function createSchema(connection: Connection, { schema, meta }: Tables): Promise<void> {
  const found = await connection.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
  if (found.length === 0) await connection.query(`CREATE SCHEMA ${meta.slice(0, meta.lastIndexOf('.'))}`)
}

function tooNew({ schema }: Tables, version: number, latest: number): SeamError {
  return new SeamError(
    'UNSUPPORTED',
    `The schema ${schema} has version ${version}; this release knows up to ${latest}.`,
    {
      remedy: 'Use the release that wrote it, or a newer one.',
    },
  )
}
