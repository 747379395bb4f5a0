import { z } from 'zod'
import { count, flag, maybe } from './exact.ts'
import { runIdText } from './ids.ts'

/** Least age of a blob that a collection removes: its record may still be under way. */
export const MIN_GRACE_MS = 3_600_000

export interface CollectBody {
  /** Only say what would be removed. */
  readonly dryRun?: boolean
  /** Blobs that are younger, in milliseconds, stay. At least an hour; a day where absent. */
  readonly graceMs?: number
}
export const collectBody: z.ZodType<CollectBody> = z.strictObject({
  dryRun: maybe(z.boolean().describe('Only say what would be removed.')),
  graceMs: maybe(z.int().min(MIN_GRACE_MS).describe('Blobs that are younger stay. A day where absent.')),
})

/** How many blobs, and their bytes together. */
export interface BlobTally {
  readonly objects: number
  readonly bytes: number
}
const tally: z.ZodType<BlobTally> = z.object({ objects: count, bytes: count })

/** What is taken on the disk of the service beyond which a collection removes the oldest. */
export interface QuotaTally {
  /** Workspaces that were not captured, or mirrors of repositories. */
  readonly of: 'kept' | 'mirrors'
  /** Bytes that may be taken. */
  readonly maxBytes: number
  readonly removed: BlobTally
  readonly left: BlobTally
}
const quotaTally: z.ZodType<QuotaTally> = z.object({
  of: z.enum(['kept', 'mirrors']),
  maxBytes: count,
  removed: tally,
  left: tally,
})

/** What a collection came to; of a dry run, what it would come to. */
export interface CollectAnswer {
  readonly dryRun: boolean
  /** Epoch milliseconds; blobs that were put later stay. */
  readonly storedBefore: number
  /** Epoch milliseconds; runs that were sealed before are given up. */
  readonly runsBefore?: number
  /** The same for their snapshots and conversations. */
  readonly snapshotsBefore?: number
  /** Blobs that a record needs. */
  readonly kept: BlobTally
  /** Unneeded, but too young, or put again meanwhile. */
  readonly young: BlobTally
  /** That no record names, and that only runs name which are given up. */
  readonly removed: { readonly orphaned: BlobTally; readonly givenUp: BlobTally }
  /** Runs that are given up, and those of which only snapshots are. */
  readonly runs: number
  readonly snapshots: number
  /** One for each of these quotas that the configuration sets. */
  readonly quotas?: readonly QuotaTally[]
}
export const collectAnswer: z.ZodType<CollectAnswer> = z.object({
  dryRun: z.boolean(),
  storedBefore: count,
  runsBefore: maybe(count),
  snapshotsBefore: maybe(count),
  kept: tally,
  young: tally,
  removed: z.object({ orphaned: tally, givenUp: tally }),
  runs: count,
  snapshots: count,
  quotas: maybe(z.array(quotaTally)),
})

export interface RemoveQuery {
  /** Only say what would be removed; false where absent. */
  readonly dryRun: boolean
}
export const removeQuery: z.ZodType<RemoveQuery> = z.strictObject({ dryRun: flag.default(false) })

/** What the removal of what a run left came to; of a dry run, what it would come to. */
export interface RemovedRun {
  readonly dryRun: boolean
  readonly run: string
  /** Blobs that only this run named, and that are gone. */
  readonly removed: BlobTally
  /** Those that stay for now, as what is under way may need them. */
  readonly young: BlobTally
}
export const removedRun: z.ZodType<RemovedRun> = z.object({
  dryRun: z.boolean(),
  run: runIdText,
  removed: tally,
  young: tally,
})

/** A run that is held. */
export interface HoldView {
  readonly run: string
  readonly reason?: string
  readonly placedBy: string
  /** Epoch milliseconds. */
  readonly placedAt: number
}
export interface HoldList {
  readonly holds: readonly HoldView[]
}
export const holdList: z.ZodType<HoldList> = z.object({
  holds: z.array(z.object({ run: runIdText, reason: maybe(z.string()), placedBy: z.string(), placedAt: count })),
})

export interface HoldBody {
  readonly reason?: string
}
export const holdBody: z.ZodType<HoldBody> = z.strictObject({ reason: maybe(z.string().max(200)) })

export interface HoldAnswer {
  /** False where it was held already. */
  readonly placed: boolean
}
export const holdAnswer: z.ZodType<HoldAnswer> = z.object({ placed: z.boolean() })

export interface ReleaseAnswer {
  /** False where it was not held. */
  readonly released: boolean
}
export const releaseAnswer: z.ZodType<ReleaseAnswer> = z.object({ released: z.boolean() })
