import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { requireOwnFolder } from '@seamark/cli'
import type { MigrateOptions, MigrateReport } from '@seamark/cli'
import { postgresJournal } from '@seamark/journal-postgres'
import type { PostgresStore } from '@seamark/journal-postgres'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { SeamError } from '@seamark/kit'
import { moveNamespace } from '@seamark/migrate'
import { FOLD_VERSION } from '@seamark/orchestrator'
import type { ServerEnvironment } from './env.ts'

/**
 * Moves a namespace between a data folder and a database, then takes the source out of use: two services on two copies
 * of one log would make a fork.
 */
export async function migrate(options: MigrateOptions, environment: ServerEnvironment): Promise<MigrateReport> {
  const { direction, dataDir, namespace: ns, onProgress, signal } = options
  await requireOwnFolder(dataDir, { ...(environment.path !== undefined && { path: environment.path }) })
  const holder = `seamark migrate (process ${process.pid})`
  const at = address(options, environment)
  const toPostgres = direction === 'sqlite-to-postgres'
  const folder = join(dataDir, 'journal')
  const database = join(folder, ns, 'journal.db')
  if (toPostgres && !existsSync(database))
    throw new SeamError('NOT_FOUND', `There is no journal of ${ns} in ${folder}.`, {
      remedy: 'Name the data folder with --data, and the namespace with --namespace.',
    })
  const postgres = postgresJournal({
    ...at,
    ...(options.schema !== undefined && { schema: options.schema }),
    ...(options.deployment !== undefined && { deployment: options.deployment }),
  })
  const sqlite = sqliteJournal({ dir: folder })
  try {
    const [from, to] = toPostgres ? [sqlite, postgres] : [postgres, sqlite]
    const report = await moveNamespace({ ns, from, to, holder, foldVersion: FOLD_VERSION, onProgress, signal })
    await sqlite.journal.close()
    const notes = toPostgres ? await retireFolder(database) : await retireRows(postgres, ns, holder)
    return { ...report, notes }
  } finally {
    await sqlite.journal.close()
    await postgres.journal.close()
  }
}

function address(
  { urlFile }: MigrateOptions,
  { databaseUrl }: ServerEnvironment,
): { url: string } | { urlFile: string } {
  if (urlFile !== undefined) return { urlFile }
  if (databaseUrl !== undefined) return { url: databaseUrl }
  throw new SeamError('INVALID_INPUT', 'It is not said where the database is.', {
    remedy: 'Name a file with its address by --url-file, or set SEAMARK_DATABASE_URL.',
  })
}

/** Without its database, and with its checkpoint there, the folder's journal refuses to start. */
async function retireFolder(database: string): Promise<readonly string[]> {
  const away = `${database}.moved`
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(database + suffix)) await rename(database + suffix, away + suffix)
  return [
    `The old database is kept as ${away}; a start on it is refused. Delete it when you need it no more.`,
    'Now set `journal: postgresJournal({ … })` in seamark.config.ts.',
  ]
}

async function retireRows({ journal }: PostgresStore, ns: string, holder: string): Promise<readonly string[]> {
  const lease = await journal.acquire(ns, holder)
  await journal.retire(lease)
  await lease.release()
  return [
    'The old rows are kept in the database; a start on them is refused. Drop their schema when you need them no more.',
    'Now take `journal` out of seamark.config.ts.',
  ]
}
