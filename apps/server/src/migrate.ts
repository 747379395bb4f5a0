import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { requireOwnFolder } from '@seamark/cli'
import type { MigrateOptions, MigrateReport } from '@seamark/cli'
import { postgresJournal } from '@seamark/journal-postgres'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { SeamError } from '@seamark/kit'
import { moveNamespace } from '@seamark/migrate'
import { FOLD_VERSION } from '@seamark/orchestrator'
import type { ServerEnvironment } from './env.ts'

/**
 * Moves a namespace between a data folder and a database, and takes the source out of use before anybody else can lead
 * it: two services on two copies of one log would make a fork.
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
    const report = await moveNamespace({
      ns,
      from,
      to,
      holder,
      foldVersion: FOLD_VERSION,
      retire: (lease) => from.journal.retire(lease),
      onProgress,
      signal,
    })
    return { ...report, notes: toPostgres ? afterFolder(database) : afterRows }
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

function afterFolder(database: string): readonly string[] {
  return [
    `The old database is kept as ${database}.moved; a start on it is refused. Delete it when you need it no more.`,
    'Now set `journal: postgresJournal({ … })` in seamark.config.ts.',
  ]
}

const afterRows: readonly string[] = [
  'The old rows are kept in the database; a start on them is refused. Drop their schema when you need them no more.',
  'Now take `journal` out of seamark.config.ts.',
]
