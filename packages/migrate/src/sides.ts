import type { Journal, Projections } from '@seamark/core'

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
