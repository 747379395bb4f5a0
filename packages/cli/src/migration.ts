/** A move of a namespace between the journal of a data folder and a PostgreSQL database. */
export interface MigrateOptions {
  readonly direction: 'sqlite-to-postgres' | 'postgres-to-sqlite'
  /** Absolute path of the folder that holds everything. */
  readonly dataDir: string
  readonly namespace: string
  /** File with the address of the database; without it the server's environment has it. */
  readonly urlFile?: string
  readonly schema?: string
  readonly deployment?: string
  readonly onProgress: (progress: MigrateProgress) => void
  readonly signal: AbortSignal
}

export interface MigrateProgress {
  readonly phase: 'copy' | 'rows' | 'compare'
  readonly done: number
  readonly of?: number
}

/** What was moved. */
export interface MigrateReport {
  readonly records: number
  /** Lower-case hex of the log's root, computed again from what arrived. */
  readonly root: string
  readonly payloads: number
  readonly runs: number
  readonly items: number
  /** Records that an earlier, interrupted move had brought already. */
  readonly resumedAt: number
  readonly checkpointSize?: number
  /** What was done with the source, and what is to be done next; a sentence each. */
  readonly notes: readonly string[]
}
