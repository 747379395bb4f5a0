import type { Checkpoint } from './anchor.ts'
import type { ProjectionChange } from './projections.ts'
import type { CallOptions, Claim, Seam } from './seam.ts'

/** What a journal promises. */
export interface JournalGuarantees {
  /** When `append` has resolved, the batch survives loss of power. */
  readonly durable: Claim<boolean>
  /** An append under a lease that was taken over is refused by the store itself. */
  readonly fenced: Claim<boolean>
  /** Space is set aside for `urgent` batches, so that they can be recorded when the disk is full. */
  readonly reserve: Claim<boolean>
  /** What was purged is in none of the store's files any more. Copies that others made of them are not spoken of. */
  readonly erasing: Claim<boolean>
}

/** The right to append to one namespace. */
export interface Lease {
  readonly ns: string
  /** Grows by at least one each time the lease changes hands. */
  readonly epoch: number
  /** Aborted when the lease is known to be lost. */
  readonly lost: AbortSignal
  /** Idempotent. */
  release(): Promise<void>
}

export interface RecordEntry {
  readonly seq: number
  /** Canonical JSON of the header, UTF-8. */
  readonly header: Uint8Array
  /** RFC 6962 leaf hash of `header`, 32 bytes. */
  readonly leaf: Uint8Array
  readonly run?: string
}

export interface PayloadEntry {
  readonly seq: number
  readonly salt: Uint8Array
  readonly bytes: Uint8Array
}

/**
 * A complete subtree's hash: the leaves `index·2^level` to `(index+1)·2^level − 1`. Stored for
 * levels 4, 8, 12, …; level 0 are the records' leaf hashes, the levels between are computed.
 */
export interface NodeEntry {
  readonly level: number
  readonly index: number
  readonly hash: Uint8Array
}

/** What one transaction makes durable, together or not at all. `seq`s ascend without gaps. */
export interface JournalBatch {
  readonly records: readonly RecordEntry[]
  readonly payloads: readonly PayloadEntry[]
  readonly nodes: readonly NodeEntry[]
  /** Written in order. Made as they are asked for, so that the first rows of a large run are never all in memory. */
  readonly changes: Iterable<ProjectionChange>
}

export interface StoredRecord extends RecordEntry {
  /** Present where asked for, where the record has one and where it is not purged. */
  readonly payload?: { readonly salt: Uint8Array; readonly bytes: Uint8Array }
}

/** A fold's state at a size of the log, so that recovery need not start at 0. */
export interface StateSnapshot {
  readonly size: number
  /** Version of the fold that made it; another version ignores it. */
  readonly foldVersion: number
  /** Lower-case hex SHA-256 of `bytes`, compared on every load. */
  readonly sha256: string
  readonly bytes: Uint8Array
}

export interface ReadOptions extends CallOptions {
  /** Exclusive end; without it up to the present end. */
  readonly to?: number
  /** Only records of this run. */
  readonly run?: string
  /** Go on with records as they are appended, until aborted. Not with `to`. */
  readonly follow?: boolean
  /** Yield payloads too. */
  readonly payloads?: boolean
}

/** Where records become durable. One writer per namespace; any number of readers without the lease. */
export interface Journal extends Seam<'journal/v1', JournalGuarantees> {
  /**
   * Takes the exclusive lease. `holder` is a short text that names the process to the next one.
   * Errors: `CONFLICT` naming the present holder; `INTEGRITY` when what is stored is damaged,
   * shorter than or different from the newest signed checkpoint kept beside it;
   * `UNSUPPORTED` when a newer version wrote it; `FORBIDDEN` when the place is not writable.
   */
  acquire(ns: string, holder: string, options?: CallOptions): Promise<Lease>

  /**
   * Appends a batch in one durable transaction.
   *
   * `urgent` batches (cancel, settle) may use the reserve of disk; others are refused with
   * `LIMIT_EXCEEDED` while the reserve is not whole, which is tried again at each call.
   *
   * Errors: `CONFLICT` when the lease is stale or `expectedSize` is not the present size,
   * `LIMIT_EXCEEDED` when the disk is full, `UNAVAILABLE`. After an error nothing of the batch is stored,
   * but for `UNAVAILABLE`, where the caller must look at `head`.
   */
  append(
    lease: Lease,
    expectedSize: number,
    batch: JournalBatch,
    options?: CallOptions & { readonly urgent?: boolean },
  ): Promise<void>

  /** Keeps a signed checkpoint as the newest, beside the journal too. Errors: `CONFLICT` for a stale lease or a smaller size. */
  commitCheckpoint(lease: Lease, checkpoint: Checkpoint, options?: CallOptions): Promise<void>

  /** Present size and newest signed checkpoint. */
  head(ns: string, options?: CallOptions): Promise<{ readonly size: number; readonly checkpoint?: Checkpoint }>

  /** Records from `from`, ascending. A record whose leaf hash is wrong ends it with `INTEGRITY`, naming the `seq`. */
  read(ns: string, from: number, options?: ReadOptions): AsyncIterable<StoredRecord>

  /**
   * Hashes `from` to `from+count-1` of a stored level (0, 4, 8, …), concatenated; fewer bytes where
   * fewer are complete.
   */
  hashes(ns: string, level: number, from: number, count: number, options?: CallOptions): Promise<Uint8Array>

  saveState(lease: Lease, snapshot: StateSnapshot, options?: CallOptions): Promise<void>
  /** The newest usable snapshot of this fold version; one whose digest is wrong is `INTEGRITY`. */
  loadState(ns: string, foldVersion: number, options?: CallOptions): Promise<StateSnapshot | undefined>

  /** Destroys the payloads and salts of these records. Idempotent. */
  purge(lease: Lease, seqs: readonly number[], options?: CallOptions): Promise<void>

  /**
   * Where what it stands on decides about its promises, asks that, so that `guarantees` are known from then on.
   * Whoever starts a service calls it first, where it is there. Errors: those of `acquire` that need no lease.
   */
  ready?(options?: CallOptions): Promise<void>

  /** Idempotent. */
  close(): Promise<void>
}
