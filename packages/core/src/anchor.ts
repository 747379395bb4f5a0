import type { CallOptions, Claim, Json, Seam } from './seam.ts'
import type { TrustFile } from './trust.ts'

/** What an anchor promises. */
export interface AnchorGuarantees {
  /** Whether the operator of the log can change or remove what was left there. */
  readonly beyondOperator: Claim<boolean>
  /** Whether a receipt proves a time. */
  readonly time: Claim<boolean>
}

/** A signed head of a log, as a C2SP signed note. */
export interface Checkpoint {
  /** `<host or seamark.invalid>/<128-bit log id in hex>`. */
  readonly origin: string
  /** Number of records. */
  readonly size: number
  /** Lower-case hex of the root hash. */
  readonly root: string
  /** The whole signed note, UTF-8 text. */
  readonly note: string
}

/** What an anchor gives back for a checkpoint: enough for `check`, later and elsewhere. */
export interface AnchorReceipt {
  readonly v: 1
  /** The anchor's `kind` and `name`. */
  readonly kind: string
  readonly name: string
  readonly origin: string
  readonly size: number
  readonly root: string
  /** When the anchor took it, by the operator's clock, epoch milliseconds. */
  readonly at: number
  /** What this kind of anchor needs to check the receipt. */
  readonly body: Json
}

/** Data, never an exception: not checked never reads as passed. */
export interface AnchorCheck {
  readonly status: 'pass' | 'fail' | 'not-checked'
  /** A stable word such as `other-checkpoint`, `gone`, `changed`. */
  readonly reason?: string
  /** Epoch milliseconds before which the checkpoint existed, where the anchor proves it. */
  readonly existedBy?: number
  /** Epoch milliseconds until which it can not be removed, where the anchor proves it. */
  readonly retainedUntil?: number
  /** What was seen that should not be there and changes nothing of the status, each as a stable word. */
  readonly findings?: readonly string[]
}

/** A place outside our control where a checkpoint is left. */
export interface AuditAnchor extends Seam<'anchor/v1', AnchorGuarantees> {
  /**
   * How often it takes a checkpoint while no run is sealed, in milliseconds. A sealed run's is taken at once.
   * Default 10 minutes.
   */
  readonly everyMs?: number
  /**
   * Leaves a checkpoint. Idempotent for the same note.
   * Errors: `UNAVAILABLE` (retry), `INTEGRITY` when a checkpoint that is there contradicts this one.
   */
  anchor(checkpoint: Checkpoint, options?: CallOptions): Promise<AnchorReceipt>
  /** Checks a receipt against the place itself, or offline where the receipt is enough. */
  check(receipt: AnchorReceipt, trust: TrustFile, options?: CallOptions): Promise<AnchorCheck>
  /** The newest checkpoint of a log that is there. */
  latest(origin: string, options?: CallOptions): Promise<Checkpoint | undefined>
  /**
   * Refuses, before anything relies on it, a place that can not keep what `guarantees` say. Whoever starts a service
   * calls it first. Errors: `UNSUPPORTED`, and those of `anchor`.
   */
  ready?(options?: CallOptions): Promise<void>
}
