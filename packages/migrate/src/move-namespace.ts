import type { Checkpoint, Lease } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { EMPTY_ROOT, readFrontier, toHex } from '@seamark/log'
import { compare } from './compare.ts'
import { copyRecords } from './copy-records.ts'
import { copyRows } from './copy-rows.ts'
import type { Progress, Store } from './sides.ts'

export interface MoveOptions {
  readonly ns: string
  readonly from: Store
  readonly to: Store
  /** Names this process to others, as for `Journal.acquire`. */
  readonly holder: string
  /** The version of the fold whose newest snapshot is moved too; without it the next start replays from the first record. */
  readonly foldVersion?: number
  /**
   * Takes the source out of use. Called under its lease, once the target is whole: so nobody who waits for that lease
   * leads what was moved away. Whatever it rejects with, the move can be called again.
   */
  readonly retire?: (source: Lease) => Promise<void>
  /**
   * Puts the target into use, once the source is out of it. To be given where the target's journal gives its lease to
   * nobody else before: then a checkpoint in it does not mean that it is in use.
   */
  readonly admit?: (target: Lease) => Promise<void>
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** What was moved. */
export interface MoveReport {
  readonly records: number
  /** Lower-case hex of the root over all records, computed again from what arrived. */
  readonly root: string
  readonly payloads: number
  readonly runs: number
  readonly items: number
  /** Records that an earlier, interrupted move had brought already. */
  readonly resumedAt: number
  /** Size of the newest signed checkpoint, which was moved last. */
  readonly checkpointSize?: number
}

/**
 * Moves a namespace while nobody else writes to either side: it holds both leases. An interrupted move is resumed by
 * calling it again, or by `endMove` where it took the source out of use. The checkpoint is moved last, so without `admit` a
 * target with one is either this whole log, or in use.
 *
 * Errors: `CONFLICT` where a service holds either lease or the target holds anything but a part of this log;
 * `INTEGRITY` where the source is damaged or what arrived differs; `NOT_FOUND` for a source without records; those of
 * both journals.
 */
export async function moveNamespace(options: MoveOptions): Promise<MoveReport> {
  const { ns, from, to, holder, signal } = options
  const stop = signal === undefined ? {} : { signal }
  const source = await from.journal.acquire(ns, holder, stop)
  try {
    if ((await from.journal.head(ns, stop)).size === 0)
      throw new SeamError('NOT_FOUND', `The namespace ${ns} has no records to move.`)
    const target = await to.journal.acquire(ns, holder, stop)
    try {
      return await move(options, source, target)
    } finally {
      await target.release()
    }
  } finally {
    await source.release()
  }
}

/**
 * Ends a move that took its source out of use and was interrupted then: reads the target over, and puts it into use.
 * Whoever calls it knows that it was this target. Errors: as `moveNamespace`.
 */
export async function endMove({
  to,
  ...options
}: Omit<MoveOptions, 'from' | 'retire'> & Required<Pick<MoveOptions, 'admit'>>): Promise<MoveReport> {
  const target = await to.journal.acquire(options.ns, options.holder, options.signal && { signal: options.signal })
  try {
    return await move({ ...options, from: to, to }, target, target)
  } finally {
    await target.release()
  }
}

async function move(options: MoveOptions, source: Lease, target: Lease): Promise<MoveReport> {
  const { ns, from, to, foldVersion, retire, admit, onProgress, signal } = options
  const stop = signal === undefined ? {} : { signal }
  const { size, checkpoint } = await from.journal.head(ns, stop)
  const resumedAt = await requirePart(options, size, checkpoint)
  const under = { ns, from, to, lease: target, size, onProgress, signal }
  await copyRecords(under, resumedAt)
  const rows = await copyRows(under)
  const found = await compare(under)
  if (foldVersion !== undefined) {
    const snapshot = await from.journal.loadState(ns, foldVersion, stop)
    if (snapshot !== undefined) await to.journal.saveState(target, snapshot, stop)
  }
  if (source.lost.aborted || target.lost.aborted)
    throw new SeamError('CONFLICT', `Somebody else took a lease on ${ns} while it was moved.`, {
      remedy: 'Stop the service, then move again: what has arrived stays.',
    })
  // Checks the root of what it covers against the records that arrived.
  if (checkpoint !== undefined) await to.journal.commitCheckpoint(target, checkpoint, stop)
  await retire?.(source)
  await admit?.(target)
  return {
    records: size,
    root: found.root,
    payloads: found.payloads,
    ...rows,
    resumedAt,
    ...(checkpoint && { checkpointSize: checkpoint.size }),
  }
}

/** How many of the source's records the target holds. Errors: `CONFLICT` where it holds something else. */
async function requirePart(
  { ns, from, to, admit, signal }: MoveOptions,
  size: number,
  checkpoint: Checkpoint | undefined,
): Promise<number> {
  const stop = signal === undefined ? {} : { signal }
  const there = await to.journal.head(ns, stop)
  const rootOf = async ({ journal }: Store): Promise<string> =>
    there.size === 0
      ? EMPTY_ROOT
      : toHex((await readFrontier((level, at, count) => journal.hashes(ns, level, at, count, stop), there.size)).root())
  const refused = (what: string): SeamError =>
    new SeamError('CONFLICT', `The namespace ${ns} of the target ${what}.`, {
      remedy: 'Move to a namespace, schema or folder that is empty.',
    })
  // With it a move is over; whoever was ended right then has still to take the source out of use.
  const whole = there.size === size && there.checkpoint?.note === checkpoint?.note
  if (there.checkpoint !== undefined && !whole && admit === undefined)
    throw refused(`is in use: it has a signed checkpoint of ${there.checkpoint.size}`)
  if (there.size > size || (await rootOf(from)) !== (await rootOf(to))) throw refused('holds other records')
  if (there.size > 0) return there.size
  const { rows } = await to.projections.query(ns, 'runs', {}, { limit: 1 }, stop)
  if (rows.length > 0) throw refused('holds rows of runs')
  return 0
}
