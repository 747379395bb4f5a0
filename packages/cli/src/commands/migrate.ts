import { resolve } from 'node:path'
import type { CliContext, Command } from '../command.ts'
import { dataFolder } from '../data-folder.ts'
import { command } from '../define.ts'
import { onInterrupt } from '../interrupt.ts'
import type { MigrateOptions, MigrateProgress, MigrateReport } from '../migration.ts'

type Direction = MigrateOptions['direction']

export const migrateToPostgres: Command = migration('sqlite-to-postgres')
export const migrateToSqlite: Command = migration('postgres-to-sqlite')

function migration(direction: Direction): Command {
  return command({
    name: `migrate ${direction}`,
    args: {
      'url-file': {
        type: 'string',
        valueHint: 'FILE',
        description: 'File with the address of the database. Default: SEAMARK_DATABASE_URL',
      },
      schema: { type: 'string', valueHint: 'NAME', description: 'Schema of the tables. Default: seamark' },
      deployment: { type: 'string', valueHint: 'NAME', description: 'As in the configuration. Default: seamark' },
      namespace: { type: 'string', valueHint: 'NAME', description: 'What to move. Default: default' },
    },
    examples: [{ line: `seamark migrate ${direction} --url-file database-url`, says: 'while no service runs' }],
    notes: [
      'Everything is compared on arrival and the root of the log computed again. Interrupted, it goes on when called again.',
      'A target that is not empty is refused. Blobs and keys stay in the data folder.',
    ],
    run: async (context, args) => {
      const { io, cwd, host } = context
      const json = args.json === true
      const stop = new AbortController()
      const offInterrupt = onInterrupt(() => stop.abort())
      try {
        const report = await host.migrate({
          direction,
          dataDir: await dataFolder(context, args),
          namespace: args.namespace ?? 'default',
          ...(args['url-file'] !== undefined && { urlFile: resolve(cwd, args['url-file']) }),
          ...(args.schema !== undefined && { schema: args.schema }),
          ...(args.deployment !== undefined && { deployment: args.deployment }),
          onProgress: teller(context, json),
          signal: stop.signal,
        })
        await io.out(json ? `${JSON.stringify(report)}\n` : described(report))
        return 0
      } finally {
        offInterrupt()
      }
    },
  })
}

/** A line at each tenth of a phase. */
function teller({ io }: CliContext, json: boolean): (progress: MigrateProgress) => void {
  let told = ''
  return ({ phase, done, of }) => {
    const tenth = of === undefined ? '' : ` ${Math.floor((done * 10) / Math.max(1, of)) * 10} %`
    if (json || told === phase + tenth) return
    told = phase + tenth
    io.err(`${io.errStyle.dim(told)}\n`)
  }
}

function described({ records, root, payloads, runs, items, resumedAt, checkpointSize, notes }: MigrateReport): string {
  const number = (value: number): string => value.toLocaleString('en-US')
  return [
    `Moved ${number(records)} records, ${number(payloads)} payloads, ${number(runs)} runs and ${number(items)} items.`,
    ...(resumedAt > 0 ? [`${number(resumedAt)} records had arrived before.`] : []),
    `Root of the log, computed again from what arrived: ${root}`,
    checkpointSize === undefined
      ? 'There was no signed checkpoint yet.'
      : `The newest signed checkpoint covers ${number(checkpointSize)} records and holds there.`,
    ...notes,
    '',
  ].join('\n')
}
