import { readFile } from 'node:fs/promises'
import { SeamError } from '@seamark/kit'
import type { Connection } from './pg-port.ts'
import { connect } from './pg-port.ts'
import { requireSessions } from './pooling.ts'
import { serverError } from './server-errors.ts'

/** A connection with the settings that everything here relies on. */
export type Session = Connection

export interface Access {
  /** Reads the address each time, so that a rotated password in a file is found. */
  readonly url: () => Promise<string>
  readonly applicationName: string
  /** What errors call the database; without credentials. */
  readonly label: string
}

/** What the server promises, found out at each new connection. */
export interface ServerFacts {
  /** Whether it waits for its disk: `fsync` and `full_page_writes` are on. */
  readonly flushes: boolean
}

export interface Sessions {
  /** Errors: `UNAVAILABLE`, `UNAUTHENTICATED`, `NOT_FOUND`, `UNSUPPORTED` for a server or pooler that can not be used. */
  open(): Promise<Session>
  /** Of the newest connection; `undefined` before the first. */
  readonly facts: ServerFacts | undefined
}

const connectTimeoutMs = 5_000

// `statement_timeout` stays off: one that fires while a commit waits for a synchronous standby would end the wait and
// report success. Answers that take too long end the connection instead, and the next one finds out what happened.
const settings = `
  SET search_path TO pg_catalog;
  SET default_transaction_isolation TO 'read committed';
  SET default_transaction_deferrable TO off;
  SET statement_timeout TO 0;
  SET lock_timeout TO 0;
  SET idle_in_transaction_session_timeout TO '30s';
  SET bytea_output TO 'hex';
  SET jit TO off;
  SET plan_cache_mode TO force_generic_plan;
  SET enable_seqscan TO off`

type Facts = {
  readonly version: number
  readonly encoding: string
  readonly commit: string
  readonly flushes: boolean
  readonly recovering: boolean
}

/** Opens connections and refuses what no promise can be kept on. */
export function sessions(access: Access): Sessions {
  let facts: ServerFacts | undefined
  let checked = false
  let turn: Promise<unknown> = Promise.resolve()

  async function bare(): Promise<Connection> {
    const url = await access.url()
    try {
      return await connect({ url, applicationName: access.applicationName, connectTimeoutMs })
    } catch (error) {
      throw serverError(error, access.label)
    }
  }

  async function prepare(connection: Connection): Promise<Session> {
    const [found] = await connection.query<Facts>(
      `SELECT current_setting('server_version_num')::int AS version,
        current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS commit,
        current_setting('fsync')::bool AND current_setting('full_page_writes')::bool AS flushes,
        pg_is_in_recovery() AS recovering`,
      [],
    )
    if (found === undefined) throw new SeamError('INTERNAL', `${access.label} gave no answer.`)
    if (!checked && connection.pid !== connection.announcedPid) await requireSessions(connection, bare)
    checked = true
    if (found.recovering)
      throw new SeamError('UNAVAILABLE', `${access.label} is a standby server and takes no writes.`, {
        remedy: 'Connect to the primary server.',
      })
    requireUsable(found, access.label)
    await connection.query(`${settings}; SET synchronous_commit TO ${found.commit}`)
    facts = { flushes: found.flushes }
    return connection
  }

  async function open(): Promise<Session> {
    const connection = await bare()
    try {
      return await prepare(connection)
    } catch (error) {
      connection.cut()
      throw serverError(error, access.label)
    }
  }

  return {
    get facts() {
      return facts
    },
    open() {
      if (checked) return open()
      // One after the other: what another one asks meanwhile could hide a pooler that moves connections.
      const mine = turn.then(open)
      // Who asked is told; the next one only waits for the end.
      turn = mine.catch(() => undefined)
      return mine
    },
  }
}

function requireUsable({ version, encoding, commit }: Facts, label: string): void {
  if (version < 130_000)
    throw new SeamError(
      'UNSUPPORTED',
      `${label} is PostgreSQL ${Math.floor(version / 10_000)}; 13 is the oldest known.`,
    )
  if (encoding !== 'UTF8')
    throw new SeamError('UNSUPPORTED', `${label} has the encoding ${encoding}, not UTF8.`, {
      remedy: 'Create the database with `ENCODING UTF8`.',
    })
  if (!['on', 'local', 'remote_write', 'remote_apply'].includes(commit))
    throw new SeamError('UNSUPPORTED', `${label} has \`synchronous_commit = ${commit}\`: a commit could be lost.`, {
      remedy: 'Set it to `on` for this role: ALTER ROLE … SET synchronous_commit = on.',
    })
}

/** The address of a database, from an option or a file; and what may be said of it. Errors: `INVALID_INPUT`, `NOT_FOUND`. */
export function urlSource(options: { readonly url?: string; readonly urlFile?: string }): () => Promise<string> {
  const { url, urlFile } = options
  if ((url === undefined) === (urlFile === undefined))
    throw new SeamError('INVALID_INPUT', 'A Postgres journal needs either `url` or `urlFile`.')
  if (url !== undefined) {
    requireUrl(url, '`url`')
    return () => Promise.resolve(url)
  }
  const path = urlFile ?? ''
  return async () => {
    let text: string
    try {
      text = (await readFile(path, 'utf8')).trim()
    } catch (cause) {
      throw new SeamError('NOT_FOUND', `The address of the database can not be read from ${path}.`, { cause })
    }
    requireUrl(text, path)
    return text
  }
}

function requireUrl(text: string, where: string): void {
  // What does not parse is not quoted: it may have a password in it.
  const at = URL.canParse(text) ? new URL(text) : undefined
  if (at?.protocol !== 'postgres:' && at?.protocol !== 'postgresql:')
    throw new SeamError('INVALID_INPUT', `${where} is not the address of a PostgreSQL database.`, {
      remedy: 'Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, special characters percent-encoded.',
    })
}
