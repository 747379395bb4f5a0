import type { ItemSpec, ResolvedWorkspace } from './plan.ts'
import type { Product } from './product.ts'
import type { ItemOutcome } from './record.ts'
import type { BlobRef, CallOptions } from './seam.ts'

/** A child, as the attempt that added it sees it. */
export interface ChildStatus {
  /** In the run: the parent's id, its attempt and the child's own id, with `-` between them. */
  readonly id: string
  readonly status: 'waiting' | 'running' | 'parked' | ItemOutcome
  readonly reason?: string
  /** Of one that succeeded. */
  readonly product?: Product
}

/** What an attempt may have done with its children while it runs. Errors of all: `CONFLICT` once it is over, `UNAVAILABLE`. */
export interface ChildrenPort {
  /**
   * Adds items to the run as children of this attempt, all or none; their `needs` are indexes into the list. Idempotent by
   * their ids: where all of them are there already, and the same, nothing is added again.
   *
   * Errors: `CONFLICT` also where an id is taken, `INVALID_INPUT` for items that are wider than their parent, `LIMIT_EXCEEDED`
   * for more than it may add.
   */
  add(items: readonly ItemSpec[]): Promise<{ readonly created: boolean }>
  /** Those of this attempt, in the order in which they were added, as the records that are durable by now have them. */
  list(): Promise<readonly ChildStatus[]>
  /** Resolves when something became durable that may have changed the list. Errors: `ABORTED`. */
  changed(options?: CallOptions): Promise<void>
}

/** One launch whose program may add children, and where it asks. */
export interface ChildrenSpec {
  /** Absolute path of the unix socket on the worker's host, in a folder that only this launch sees. A socket that is there is replaced. */
  readonly socketPath: string
  readonly parent: ItemSpec
  readonly attempt: number
  readonly workspace: ResolvedWorkspace
  readonly port: ChildrenPort
  /** The bytes of something that a child left. Errors: `NOT_FOUND`, those of the storage. */
  readonly read: (blob: BlobRef, options?: CallOptions) => AsyncIterable<Uint8Array>
}

/** Hears what programs inside their sandboxes ask for. Who asks is known by the socket. */
export interface ChildrenDoor {
  /** Serves until it is closed. Errors: `UNAVAILABLE` where no socket can be made. */
  open(spec: ChildrenSpec): Promise<{ close(): Promise<void> }>
}
