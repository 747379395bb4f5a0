import type { Journal, Lease, Projections } from '@seamark/core'

/** A journal and the projections that its transactions write. */
export interface Store {
  readonly journal: Journal
  readonly projections: Projections
}

/** How far a move has come: `copy` and `compare` count records, `rows` counts rows. */
export interface Progress {
  readonly phase: 'copy' | 'rows' | 'compare'
  readonly done: number
  /** Of records; how many rows there are is not known before. */
  readonly of?: number
}

/** A move under way, under the leases of both sides. */
export interface Move {
  readonly ns: string
  readonly from: Store
  readonly to: Store
  /** Of the target. */
  readonly lease: Lease
  /** Number of records of the source. */
  readonly size: number
  readonly onProgress: ((progress: Progress) => void) | undefined
  readonly signal: AbortSignal | undefined
}
