import { wakes } from '@seamark/journal'
import type { Wakes } from '@seamark/journal'
import { bell } from './bell.ts'
import type { Beating, Bell } from './bell.ts'
import { leases } from './leases.ts'
import type { Leases } from './leases.ts'
import { latestVersion, requireVersion } from './migrate.ts'
import type { PostgresJournalOptions, Settings } from './options.ts'
import { settingsOf } from './options.ts'
import { reader } from './reader.ts'
import type { Reader } from './reader.ts'
import { readers } from './readers.ts'
import { tablesOf } from './schema.ts'
import type { Migration, Tables } from './schema.ts'
import { serverError } from './server-errors.ts'
import { sessions, urlSource } from './session.ts'
import type { ServerFacts, Session, Sessions } from './session.ts'

/** What all calls of one journal share. */
export interface Store {
  readonly settings: Settings
  readonly tables: Tables
  readonly sessions: Sessions
  readonly leases: Leases
  readonly read: Reader
  readonly wake: Wakes
  readonly bell: Bell
  readonly facts: ServerFacts | undefined
  /** Asks on a connection of the readers. Errors: those of `serverError`. */
  ask<T>(question: (connection: Session) => Promise<T>): Promise<T>
  /**
   * Asks about one namespace; `absent` where nothing was written to it yet, or its schema is older than what is asked
   * for. Errors: `UNSUPPORTED` for another version.
   */
  about<T>(
    ns: string,
    absent: T,
    question: (connection: Session, log: number) => Promise<T>,
    since?: number,
  ): Promise<T>
  close(): Promise<void>
}

export function store(
  options: PostgresJournalOptions,
  migrations: readonly Migration[],
  hooks: { readonly leases: () => readonly Beating[]; readonly lost: (lease: Beating) => void },
): Store {
  const settings = settingsOf(options)
  const tables = tablesOf(settings.schema)
  const label = `The database of the journal ${settings.name} (schema ${settings.schema})`
  const opened = sessions({ url: urlSource(options), applicationName: `seamark ${settings.name}`.slice(0, 63), label })
  const wake = wakes()
  const pool = readers(opened, settings.readConnections)
  const logs = new Map<string, number>()
  const latest = latestVersion(migrations)
  let version = 0

  const rings = bell({
    sessions: opened,
    tables,
    everyMs: settings.leaseMs / 4,
    leases: hooks.leases,
    lost: hooks.lost,
    heard: (ns) => (ns === undefined ? wake.notifyAll() : wake.notify(ns)),
  })

  const ask = async <T>(question: (connection: Session) => Promise<T>): Promise<T> => {
    try {
      return await pool.ask(question)
    } catch (error) {
      throw serverError(error, label)
    }
  }

  async function logOf(connection: Session, ns: string, since: number): Promise<number | undefined> {
    // An older one is asked for each time: another process may migrate it meanwhile.
    if (version < latest) version = await requireVersion(connection, tables, migrations)
    if (version < since) return undefined
    const known = logs.get(ns)
    if (known !== undefined) return known
    const [row] = await connection.query<{ id: number }>(`SELECT id FROM ${tables.logs} WHERE ns = $1`, [ns])
    if (row !== undefined) logs.set(ns, row.id)
    return row?.id
  }

  return {
    settings,
    tables,
    sessions: opened,
    leases: leases(tables),
    read: reader(tables),
    wake,
    bell: rings,
    get facts() {
      return opened.facts
    },
    ask,
    about: (ns, absent, question, since = 1) =>
      ask(async (connection) => {
        const log = await logOf(connection, ns, since)
        return log === undefined ? absent : question(connection, log)
      }),
    async close() {
      await Promise.all([pool.close(), rings.close()])
    },
  }
}
