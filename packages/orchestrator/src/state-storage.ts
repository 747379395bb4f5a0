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
  /** The furthest that collections gave runs up. */
  givenUp: GivenUp | undefined
  /** The same of runs that were held when it began: of the collections at which they were not held. */
  readonly spared: Map<string, GivenUp | undefined>
  /** `seq` of the first collection of just one run, where there was any. */
  removalsFrom: number | undefined
}

/** A collection, begun at `at`, gave all up that was sealed before `runsBefore`; both epoch milliseconds. */
export interface GivenUp {
  readonly at: number
  readonly runsBefore: number
}

export function noStorage(): StorageState {
  return { holds: new Map(), collection: undefined, givenUp: undefined, spared: new Map(), removalsFrom: undefined }
}

/** How old things have to be, in milliseconds, and how much may be taken. */
export interface CollectionTerms {
  /** Blobs that nothing names. */
  readonly graceMs: number
  /** Runs, from their seal on; absent where they are kept for ever. */
  readonly runsMs?: number
  /** The same for their snapshots and conversations. */
  readonly snapshotsMs?: number
  /** Bytes that workspaces which were not captured may take; absent where none is removed. */
  readonly keptBytes?: number
  /** The same for mirrors of repositories. */
  readonly mirrorBytes?: number
}
