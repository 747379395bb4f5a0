import { randomUUID } from 'node:crypto'
import { startPostgres } from '@seamark/testing-services'
import type { Postgres, PostgresOptions } from '@seamark/testing-services'
import { afterAll, beforeAll } from 'vitest'
import pg from 'pg'
import { postgresJournal } from '../src/index.ts'
import type { PostgresJournalOptions, PostgresStore } from '../src/index.ts'

/** A server for the tests of one file. */
export interface Cluster {
  readonly server: Postgres
  /** The name of a schema that no other test uses. */
  freshSchema(): string
  /** Runs statements as the server's owner. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** A journal that is closed at the end, in a schema of its own where none is named. */
  open(options?: PostgresJournalOptions): PostgresStore
  /** A conformance subject's store. */
  fresh(): { current(): PostgresStore; reopen(): Promise<PostgresStore>; dispose(): Promise<void> }
}

export function cluster(options: PostgresOptions = {}): Cluster {
  let running: Awaited<ReturnType<typeof startPostgres>> | undefined
  const stores = new Set<PostgresStore>()
  beforeAll(async () => {
    running = await startPostgres(options)
  }, 60_000)
  afterAll(async () => {
    for (const { journal } of stores) await journal.close()
    await running?.stop()
  }, 60_000)
  const server = (): Postgres => {
    if (running === undefined) throw new Error('The server was not started.')
    return running
  }
  const freshSchema = (): string => `t_${randomUUID().replaceAll('-', '')}`
  const open = (more: PostgresJournalOptions = {}): PostgresStore => {
    const store = postgresJournal({ url: server().url, schema: freshSchema(), deployment: 'seamark', ...more })
    stores.add(store)
    return store
  }
  const sql = async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: server().url })
    await client.connect()
    try {
      return (await client.query<Row>(text, values.length === 0 ? undefined : [...values])).rows
    } finally {
      await client.end()
    }
  }
  return {
    get server() {
      return server()
    },
    freshSchema,
    open,
    sql,
    fresh() {
      const schema = freshSchema()
      let store = open({ schema })
      const close = async (): Promise<void> => {
        stores.delete(store)
        await store.journal.close()
      }
      return {
        current: () => store,
        async reopen() {
          await close()
          store = open({ schema })
          return store
        },
        // The schema goes with the server.
        dispose: close,
      }
    },
  }
}
