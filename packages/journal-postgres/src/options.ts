import { NAME, SeamError } from '@seamark/kit'

export interface PostgresJournalOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with the parameters of libpq that `pg` knows. Or `urlFile`. */
  readonly url?: string
  /** File with the address, read at each new connection: a rotated password is found without a restart. */
  readonly urlFile?: string
  /** Schema of the tables, made at first use. Default `seamark`. */
  readonly schema?: string
  /** Name of this instance. Default `journal`. */
  readonly name?: string
  /**
   * Replicas of one service share it; a namespace belongs to the first that took its lease. Default `seamark`, except
   * with `standby`, where it must be said.
   */
  readonly deployment?: string
  /** Folder of the newest signed checkpoint of each namespace, outside the database. Without it only the database has it. */
  readonly checkpointDir?: string
  /** Waits in `acquire` until the lease is free, instead of `CONFLICT`. Needs `deployment`. */
  readonly standby?: boolean
  /** How long a lease lives without a sign of its holder, in milliseconds of the database's clock. Default 3,000. */
  readonly leaseMs?: number
  /** Connections for questions, beside one for each lease and one to listen. Default 4. */
  readonly readConnections?: number
  /** Never takes a lease and never makes a table: `acquire` is `FORBIDDEN`. */
  readonly readOnly?: boolean
  /**
   * For the target of a move: takes leases on what a move brings, or on what is empty, and keeps everybody else from them
   * until `admit`.
   */
  readonly receiving?: boolean
}

export type Settings = Required<Omit<PostgresJournalOptions, 'url' | 'urlFile' | 'checkpointDir'>> & {
  readonly checkpointDir: string | undefined
}

/** Defaults filled in. Errors: `INVALID_INPUT`. */
export function settingsOf(options: PostgresJournalOptions): Settings {
  const settings: Settings = {
    schema: options.schema ?? 'seamark',
    name: options.name ?? 'journal',
    deployment: options.deployment ?? 'seamark',
    standby: options.standby ?? false,
    leaseMs: options.leaseMs ?? 3_000,
    readConnections: options.readConnections ?? 4,
    readOnly: options.readOnly ?? false,
    receiving: options.receiving ?? false,
    checkpointDir: options.checkpointDir,
  }
  const { schema, leaseMs, readConnections, deployment } = settings
  if (!/^[a-z][a-z0-9_]{0,53}$/.test(schema) || /^(pg_|information_schema$)/.test(schema))
    throw new SeamError('INVALID_INPUT', `${JSON.stringify(schema)} is not the name of a schema.`, {
      remedy: 'Use 1 to 54 of a-z, 0-9 and "_", beginning with a letter, and not with "pg_".',
    })
  if (!NAME.test(deployment))
    throw new SeamError('INVALID_INPUT', `${JSON.stringify(deployment)} is not the name of a deployment.`)
  // By a name that all have by default, another service would pass for a replica, and lead with other blobs and keys.
  if (settings.standby && options.deployment === undefined)
    throw new SeamError('INVALID_INPUT', 'A standby does not say of which deployment it is a replica.', {
      place: { pointer: '/deployment' },
      remedy: 'Name it with `deployment`, alike in all replicas. What was led without a name belongs to `seamark`.',
    })
  if (!Number.isSafeInteger(leaseMs) || leaseMs < 1_000 || leaseMs > 600_000)
    throw new SeamError('INVALID_INPUT', `A lease of ${leaseMs} ms is not between a second and ten minutes.`)
  if (!Number.isSafeInteger(readConnections) || readConnections < 1)
    throw new SeamError('INVALID_INPUT', `${readConnections} is no number of connections.`)
  return settings
}
