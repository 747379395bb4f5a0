/** A step from one version of the schema to the next. Versions are `PRAGMA user_version`; 0 is an empty file. */
export interface Migration {
  readonly to: number
  readonly sql: string
  /** Whether readers also read a database without this step: one that is only ever read is never migrated. */
  readonly readersDoWithout?: true
}

/** The version from which on there is the table of usage; before it nothing was metered. */
export const USAGE_SINCE = 2

/** Every step there was, in order. A published step never changes. */
export const MIGRATIONS: readonly Migration[] = [
  {
    to: 1,
    sql: `
      CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL) STRICT;
      INSERT INTO lease (id, epoch) VALUES (1, 0);
      CREATE TABLE run_names (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE records (
        seq INTEGER PRIMARY KEY, run INTEGER, leaf BLOB NOT NULL, header BLOB NOT NULL
      ) STRICT;
      CREATE INDEX records_by_run ON records (run, seq) WHERE run IS NOT NULL;
      CREATE TABLE payloads (
        seq INTEGER PRIMARY KEY, crc INTEGER NOT NULL, salt BLOB NOT NULL, bytes BLOB NOT NULL
      ) STRICT;
      CREATE TABLE nodes (
        level INTEGER NOT NULL, at INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, at)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE checkpoint (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        origin TEXT NOT NULL, size INTEGER NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL
      ) STRICT;
      CREATE TABLE states (
        id INTEGER PRIMARY KEY, size INTEGER NOT NULL, fold_version INTEGER NOT NULL,
        sha256 TEXT NOT NULL, bytes BLOB NOT NULL
      ) STRICT;
      CREATE TABLE runs (
        run TEXT PRIMARY KEY, seq INTEGER NOT NULL, status TEXT NOT NULL, name TEXT,
        crc INTEGER NOT NULL, row TEXT NOT NULL
      ) STRICT;
      CREATE INDEX runs_by_seq ON runs (seq);
      CREATE INDEX runs_by_status ON runs (status, seq);
      CREATE INDEX runs_by_name ON runs (name, seq);
      CREATE TABLE items (
        run INTEGER NOT NULL, at INTEGER NOT NULL, item TEXT NOT NULL, status TEXT NOT NULL,
        crc INTEGER NOT NULL, row TEXT NOT NULL, PRIMARY KEY (run, at)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX items_by_id ON items (run, item);
    `,
  },
  {
    to: USAGE_SINCE,
    readersDoWithout: true,
    sql: `
      CREATE TABLE usage (
        kind TEXT NOT NULL, at INTEGER NOT NULL, run INTEGER, crc INTEGER NOT NULL, row TEXT NOT NULL,
        PRIMARY KEY (kind, at)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX usage_by_run ON usage (run, kind, at) WHERE run IS NOT NULL;
    `,
  },
]
