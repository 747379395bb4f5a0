import { quoted } from './pg-port.ts'

/** The tables, quoted and with their schema. */
export interface Tables {
  /** The schema's name, as it was given. */
  readonly schema: string
  /** Names the journal in errors about what it stores. */
  readonly where: string
  readonly meta: string
  readonly logs: string
  readonly leases: string
  readonly checkpoints: string
  readonly runNames: string
  readonly records: string
  readonly payloads: string
  readonly nodes: string
  readonly states: string
  readonly runs: string
  readonly items: string
  readonly usage: string
}

export function tablesOf(schema: string): Tables {
  const table = (name: string): string => `${quoted(schema)}.${quoted(name)}`
  return {
    schema,
    where: `The journal in schema ${schema}`,
    meta: table('meta'),
    logs: table('logs'),
    leases: table('leases'),
    checkpoints: table('checkpoints'),
    runNames: table('run_names'),
    records: table('records'),
    payloads: table('payloads'),
    nodes: table('nodes'),
    states: table('states'),
    runs: table('runs'),
    items: table('items'),
    usage: table('usage'),
  }
}

/** A step from one version of the schema to the next. Versions are in `meta`; 0 is a schema without tables. */
export interface Migration {
  readonly to: number
  readonly sql: (tables: Tables) => string
  /** Whether readers also read a schema without this step: one that is only ever read is never migrated. */
  readonly readersDoWithout?: true
}

/** The version from which on there is the table of usage; before it nothing was metered. */
export const USAGE_SINCE = 2

/** What `meta.product` says in a schema that is ours. */
export const PRODUCT = 'seamark-journal'

/**
 * Every step there was, in order. A published step never changes.
 *
 * `logs` has the row that fences: an append moves its `size` on only where `epoch`, `session` and `size` are the
 * expected ones. `leases` is apart from it, so that a heartbeat never waits for a long append.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    to: 1,
    sql: (t) => `
      CREATE TABLE ${t.meta} (
        one boolean PRIMARY KEY DEFAULT true CHECK (one), product text NOT NULL, version integer NOT NULL
      );
      INSERT INTO ${t.meta} (product, version) VALUES ('${PRODUCT}', 0);
      CREATE TABLE ${t.logs} (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        ns text COLLATE "C" NOT NULL UNIQUE, deployment text NOT NULL,
        epoch bigint NOT NULL DEFAULT 0, session bigint NOT NULL DEFAULT 0,
        size bigint NOT NULL DEFAULT 0, runs bigint NOT NULL DEFAULT 0
      ) WITH (fillfactor = 10);
      CREATE TABLE ${t.leases} (
        log integer PRIMARY KEY, epoch bigint NOT NULL,
        holder text, process integer, host text, ttl_ms integer, beat timestamptz,
        backend integer, backend_start timestamptz
      ) WITH (fillfactor = 10);
      CREATE TABLE ${t.checkpoints} (
        log integer PRIMARY KEY, origin text NOT NULL, size bigint NOT NULL, root text NOT NULL, note text NOT NULL
      );
      CREATE TABLE ${t.runNames} (
        log integer NOT NULL, id bigint NOT NULL, run text COLLATE "C" NOT NULL,
        PRIMARY KEY (log, run), UNIQUE (log, id)
      );
      CREATE TABLE ${t.records} (
        log integer NOT NULL, seq bigint NOT NULL, run bigint, leaf bytea NOT NULL, header bytea NOT NULL,
        PRIMARY KEY (log, seq)
      );
      CREATE INDEX records_by_run ON ${t.records} (log, run, seq) WHERE run IS NOT NULL;
      CREATE TABLE ${t.payloads} (
        log integer NOT NULL, seq bigint NOT NULL, crc bigint NOT NULL, salt bytea NOT NULL, bytes bytea NOT NULL,
        PRIMARY KEY (log, seq)
      );
      CREATE TABLE ${t.nodes} (
        log integer NOT NULL, level integer NOT NULL, at bigint NOT NULL, hash bytea NOT NULL,
        PRIMARY KEY (log, level, at)
      );
      CREATE TABLE ${t.states} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, log integer NOT NULL, size bigint NOT NULL,
        fold_version integer NOT NULL, sha256 text NOT NULL, bytes bytea NOT NULL
      );
      ALTER TABLE ${t.states} ALTER COLUMN bytes SET STORAGE EXTERNAL;
      CREATE INDEX states_by_log ON ${t.states} (log, fold_version, id);
      CREATE TABLE ${t.runs} (
        log integer NOT NULL, run text COLLATE "C" NOT NULL, seq bigint NOT NULL, status text COLLATE "C" NOT NULL,
        name bytea, crc bigint NOT NULL, body text NOT NULL, PRIMARY KEY (log, run)
      ) WITH (fillfactor = 70);
      CREATE INDEX runs_by_seq ON ${t.runs} (log, seq);
      CREATE INDEX runs_by_status ON ${t.runs} (log, status, seq);
      CREATE INDEX runs_by_name ON ${t.runs} (log, name, seq);
      CREATE TABLE ${t.items} (
        log integer NOT NULL, run bigint NOT NULL, at bigint NOT NULL, item text COLLATE "C" NOT NULL,
        status text COLLATE "C" NOT NULL, crc bigint NOT NULL, body text NOT NULL, PRIMARY KEY (log, run, at)
      ) WITH (fillfactor = 40);
      CREATE INDEX items_by_id ON ${t.items} (log, run, item);
    `,
  },
  {
    to: USAGE_SINCE,
    readersDoWithout: true,
    sql: (t) => `
      CREATE TABLE ${t.usage} (
        log integer NOT NULL, kind text COLLATE "C" NOT NULL, at bigint NOT NULL, run bigint,
        crc bigint NOT NULL, body text NOT NULL, PRIMARY KEY (log, kind, at)
      ) WITH (fillfactor = 70);
      CREATE INDEX usage_by_run ON ${t.usage} (log, run, kind, at) WHERE run IS NOT NULL;
    `,
  },
]
