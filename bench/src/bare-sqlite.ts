import Database from 'better-sqlite3'
import type { JournalBatch } from '@seamark/core'

/** The rows of one commit, as bare values. */
export interface Rows {
  readonly records: readonly (readonly [number, number | null, Uint8Array, Uint8Array])[]
  readonly nodes: readonly (readonly [number, number, Uint8Array])[]
  readonly payloads: readonly (readonly [number, Uint8Array, Uint8Array])[]
  readonly runs: readonly (readonly [string, number, string, string])[]
  readonly items: readonly (readonly [number, number, string, string, string])[]
}

/** The last row of each run and item that a batch changes: what a transaction has to write. */
export function rowsOf({ records, payloads, nodes, changes }: JournalBatch): Rows {
  const runs = new Map<string, Rows['runs'][number]>()
  const items = new Map<number, Rows['items'][number]>()
  for (const change of changes) {
    if (change.projection === 'runs') {
      const { run, seq, status } = change.row
      runs.set(run, [run, seq, status, JSON.stringify(change.row)])
    } else if (change.projection === 'items') {
      const { index, item, status } = change.row
      items.set(index, [1, index, item, status, JSON.stringify(change.row)])
    }
  }
  return {
    records: records.map(({ seq, run, leaf, header }) => [seq, run === undefined ? null : 1, leaf, header]),
    nodes: nodes.map(({ level, index, hash }) => [level, index, hash]),
    payloads: payloads.map(({ seq, salt, bytes }) => [seq, salt, bytes]),
    runs: [...runs.values()],
    items: [...items.values()],
  }
}

const schema = `
  CREATE TABLE one (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE records (seq INTEGER PRIMARY KEY, run INTEGER, leaf BLOB NOT NULL, header BLOB NOT NULL) STRICT;
  CREATE INDEX records_by_run ON records (run, seq) WHERE run IS NOT NULL;
  CREATE TABLE nodes (level INTEGER, at INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, at)) STRICT, WITHOUT ROWID;
  CREATE TABLE payloads (seq INTEGER PRIMARY KEY, salt BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE runs (run TEXT PRIMARY KEY, seq INTEGER NOT NULL, status TEXT NOT NULL, row TEXT NOT NULL) STRICT;
  CREATE INDEX runs_by_status ON runs (status, seq);
  CREATE TABLE items (
    run INTEGER, at INTEGER, item TEXT NOT NULL, status TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (run, at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX items_by_id ON items (run, item);
`

/** SQLite as it is, with durable commits: the limit of the machine for what a journal does. */
export interface BareSqlite {
  /** Commits one row of 100 bytes. */
  commitOne(): void
  commit(rows: Rows): void
  close(): void
}

/** Opens a new database. */
export function bareSqlite(path: string): BareSqlite {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(schema)
  const begin = db.prepare('BEGIN IMMEDIATE')
  const end = db.prepare('COMMIT')
  const one = db.prepare('INSERT INTO one (bytes) VALUES (?)')
  const record = db.prepare('INSERT INTO records (seq, run, leaf, header) VALUES (?, ?, ?, ?)')
  const node = db.prepare('INSERT INTO nodes (level, at, hash) VALUES (?, ?, ?)')
  const payload = db.prepare('INSERT INTO payloads (seq, salt, bytes) VALUES (?, ?, ?)')
  const run = db.prepare('INSERT OR REPLACE INTO runs (run, seq, status, row) VALUES (?, ?, ?, ?)')
  const item = db.prepare('INSERT OR REPLACE INTO items (run, at, item, status, row) VALUES (?, ?, ?, ?, ?)')
  const bytes = Buffer.alloc(100, 7)
  return {
    commitOne: () => void one.run(bytes),
    commit(rows) {
      begin.run()
      for (const row of rows.records) record.run(...row)
      for (const row of rows.nodes) node.run(...row)
      for (const row of rows.payloads) payload.run(...row)
      for (const row of rows.runs) run.run(...row)
      for (const row of rows.items) item.run(...row)
      end.run()
    },
    close: () => void db.close(),
  }
}
