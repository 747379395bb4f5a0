import pg from 'pg'
import type { Rows } from './bare-sqlite.ts'

const schema = `
  CREATE SCHEMA bare;
  CREATE TABLE bare.records (seq bigint PRIMARY KEY, run bigint, leaf bytea NOT NULL, header bytea NOT NULL);
  CREATE INDEX ON bare.records (run, seq) WHERE run IS NOT NULL;
  CREATE TABLE bare.nodes (level integer, at bigint, hash bytea NOT NULL, PRIMARY KEY (level, at));
  CREATE TABLE bare.payloads (seq bigint PRIMARY KEY, salt bytea NOT NULL, bytes bytea NOT NULL);
  CREATE TABLE bare.runs (run text PRIMARY KEY, seq bigint NOT NULL, status text NOT NULL, body text NOT NULL);
  CREATE INDEX ON bare.runs (status, seq);
  CREATE TABLE bare.items (
    run bigint, at bigint, item text NOT NULL, status text NOT NULL, body text NOT NULL, PRIMARY KEY (run, at)
  );
  CREATE INDEX ON bare.items (run, item);
`

/** PostgreSQL as it is, with durable commits: the limit of the machine for what a journal does there. */
export interface BarePostgres {
  /** Commits rows in one transaction, its statements sent without a wait in between. */
  commit(rows: Rows): Promise<void>
  close(): Promise<void>
}

/** Opens new tables. */
export async function barePostgres(url: string): Promise<BarePostgres> {
  const client = new pg.Client({ connectionString: url, pipeline: true })
  await client.connect()
  await client.query(`DROP SCHEMA IF EXISTS bare CASCADE; ${schema}`)
  return {
    async commit({ records, nodes, payloads, runs, items }) {
      const asked: Promise<unknown>[] = [client.query('BEGIN')]
      const put = (name: string, text: string, values: readonly unknown[]): void =>
        void asked.push(client.query({ name, text, values: [...values] }))
      for (const row of records) put('record', 'INSERT INTO bare.records VALUES ($1, $2, $3, $4)', row)
      for (const row of nodes) put('node', 'INSERT INTO bare.nodes VALUES ($1, $2, $3)', row)
      for (const row of payloads) put('payload', 'INSERT INTO bare.payloads VALUES ($1, $2, $3)', row)
      for (const row of runs)
        put(
          'run',
          `INSERT INTO bare.runs VALUES ($1, $2, $3, $4)
            ON CONFLICT (run) DO UPDATE SET status = excluded.status, body = excluded.body`,
          row,
        )
      for (const row of items)
        put(
          'item',
          `INSERT INTO bare.items VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (run, at) DO UPDATE SET status = excluded.status, body = excluded.body`,
          row,
        )
      asked.push(client.query('COMMIT'))
      await Promise.all(asked)
    },
    close: () => client.end(),
  }
}
