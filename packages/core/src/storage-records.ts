/** The `data` of the records about what is kept and what is removed. */
export interface StorageRecords {
  /** What the run left is kept, however old it gets, until the hold is released. */
  'hold.placed': { readonly run: string; readonly reason?: string }
  'hold.released': { readonly run: string }
  /**
   * Blobs that nothing needs are removed from here on: those that no record names, and those of runs that are given up. Runs
   * that are held, or of which evidence is being exported, are not.
   */
  'collection.begun': {
    /** Epoch milliseconds. A blob that was put later stays. */
    readonly storedBefore: number
    /** Runs that were sealed before are given up: blobs that only they name are removed. */
    readonly runsBefore?: number
    /** Of runs that were sealed before, snapshots and conversations are given up. */
    readonly snapshotsBefore?: number
    /** The actor asked to give up just this run, whatever its age; nothing else is removed. */
    readonly run?: string
    /** Workspaces that were not captured are removed, the oldest first, until they take no more bytes of the disk. */
    readonly keptBytes?: number
    /** The same for mirrors of repositories, and their last use. */
    readonly mirrorBytes?: number
  }
  'collection.ended': {
    readonly outcome: 'done' | 'failed'
    /** Blobs that were removed, and their bytes. */
    readonly removed: number
    readonly bytes: number
    /** Workspaces and mirrors that were removed; absent for none. */
    readonly workspaces?: number
    readonly mirrors?: number
  }
}
