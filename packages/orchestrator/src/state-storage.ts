import type { RecordData } from '@seamark/core'

/** A run that is held. */
export interface Hold extends Readonly<RecordData['hold.placed']> {
  /** Principal who placed it. */
  readonly placedBy: string
  /** Epoch milliseconds. */
  readonly placedAt: number
}

/** A collection of blobs. */
export interface Collection extends Readonly<RecordData['collection.begun']> {
  /** `seq` of its record. */
  readonly seq: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** What the engine keeps in mind of what is kept and what is given up. */
export interface StorageState {
  /** By run. */
  readonly holds: Map<string, Hold>
  /** Where one is under way; an engine that starts ends those of others. */
  collection: Collection | undefined
  /** The latest times before which collections gave anything up. */
  givenUp: Pick<Collection, 'at' | 'runsBefore' | 'snapshotsBefore'> | undefined
}

export function noStorage(): StorageState {
  return { holds: new Map(), collection: undefined, givenUp: undefined }
}

/** How old things have to be, in milliseconds. */
export interface CollectionTerms {
  /** Blobs that nothing names. */
  readonly graceMs: number
  /** Runs, from their seal on; absent where they are kept for ever. */
  readonly runsMs?: number
  /** The same for their snapshots and conversations. */
  readonly snapshotsMs?: number
}
