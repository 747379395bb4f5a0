import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { requireOwnFolder } from '@seamark/cli'
import type { MigrateOptions, MigrateReport } from '@seamark/cli'
import type { Lease } from '@seamark/core'
import { postgresJournal } from '@seamark/journal-postgres'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { SeamError } from '@seamark/kit'
import { endMove, moveNamespace } from '@seamark/migrate'
import { FOLD_VERSION } from '@seamark/orchestrator'
import type { ServerEnvironment } from './env.ts'

/**
 * Moves a namespace between a data folder and a database. Two services on two copies of one log would make a fork: so nobody
 * can lead the target before the source is out of use, wherever this was ended.
 */
export async function migrate(options: MigrateOptions, environment: ServerEnvironment): Promise<MigrateReport> {
  const { direction, dataDir, namespace: ns, onProgress, signal } = options
  await requireOwnFolder(dataDir, { ...(environment.path !== undefined && { path: environment.path }) })
  const holder = `seamark migrate (process ${process.pid})`
  const at = address(options, environment)
  const toPostgres = direction === 'sqlite-to-postgres'
  const folder = join(dataDir, 'journal')
  const database = join(folder, ns, 'journal.db')
  const postgres = postgresJournal({
    ...at,
    ...(options.schema !== undefined && { schema: options.schema }),
    ...(options.deployment !== undefined && { deployment: options.deployment }),
    receiving: toPostgres,
  })
  const sqlite = sqliteJournal({ dir: folder, receiving: !toPostgres })
  try {
    const [from, to] = toPostgres ? [sqlite, postgres] : [postgres, sqlite]
    const left = await from.journal.moveMark(ns)
    if (toPostgres && left?.state !== 'moved' && !existsSync(database))
      throw new SeamError('NOT_FOUND', `There is no journal of ${ns} in ${folder}.`, {
        remedy: 'Name the data folder with --data, and the namespace with --namespace.',
      })
    const moveId = async (): Promise<string | undefined> => {
      const mark = await to.journal.moveMark(ns)
      return mark?.state === 'arriving' ? mark.move : undefined
    }
    const move = {
      ns,
      to,
      holder,
      foldVersion: FOLD_VERSION,
      admit: (lease: Lease) => to.journal.admit(lease),
      onProgress,
      signal,
    }
    const ended = left?.state === 'moved' && left.move !== '' && left.move === (await moveId())
    const report = ended
      ? await endMove(move)
      : await moveNamespace({
          ...move,
          from,
          retire: async (lease) => from.journal.retire(lease, await moveId()),
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
