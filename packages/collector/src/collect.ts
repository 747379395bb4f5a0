import type { CallOptions, StoredObject } from '@seamark/core'
import { blobKey, SeamError, throwIfAborted } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { GuardedStorage } from './guarded-storage.ts'
import type { MarkOptions } from './mark.ts'
import { mark } from './mark.ts'
import type { Reach, Standing } from './reach.ts'
import { reachAt } from './reach.ts'

export interface CollectOptions extends Omit<MarkOptions, 'storage'> {
  readonly guarded: GuardedStorage
  /** Epoch milliseconds, by the clock of the storage. What was put later stays. */
  readonly storedBefore: number
  /** Whether it only says what it would remove. */
  readonly dryRun: boolean
  /** Folder for its list, of which nothing is left. */
  readonly dir: string
}

export interface Tally {
  objects: number
  bytes: number
}

/** What a collection came to; of a dry run, what it would come to. */
export interface CollectionReport {
  /** Objects that a record names. */
  readonly kept: Tally
  /** Unneeded, but put too short a time ago, or put again meanwhile. */
  readonly young: Tally
  /** That no record names, and that only runs name which are given up. */
  readonly removed: { readonly orphaned: Tally; readonly givenUp: Tally }
  /** Runs that are given up, and those of which only snapshots are. */
  readonly runs: number
  readonly snapshots: number
}

interface CollectHooks {
  readonly removed?: ((object: StoredObject) => void) | undefined
  readonly mayRemove?: (() => Promise<void>) | undefined
}

// Deletions under way.
const removedAtOnce = 32

/**
 * Removes every blob of a namespace that nothing needs and that is old enough. Interrupted, it has removed less. Calls must not
 * overlap.
 *
 * Errors: `UNSUPPORTED` where the storage can not delete or says no times, `INTEGRITY`, `LIMIT_EXCEEDED`, those of the journal
 * and the storage. `mayRemove` is asked before every few deletions, and what it throws ends it. `removed` is told also of what
 * came before an error.
 */
export async function collect(
  options: CollectOptions,
  { removed, mayRemove, ...call }: CallOptions & CollectHooks = {},
): Promise<CollectionReport> {
  const { storage } = options.guarded
  if (storage.delete === undefined)
    throw new SeamError('UNSUPPORTED', `The storage ${storage.name} can not delete.`, {
      remedy: 'Use a storage that can.',
      place: { pointer: '/storage' },
    })
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const reach = reachAt(join(options.dir, `collection-${randomUUID()}`))
  try {
    const { runs, snapshots } = await mark(reach, { ...options, storage }, call)
    const report = {
      kept: none(),
      young: none(),
      removed: { orphaned: none(), givenUp: none() },
      runs,
      snapshots,
    }
    await sweep(reach, report, options, { removed, mayRemove }, call)
    return report
  } finally {
    reach.close()
  }
}

function none(): Tally {
  return { objects: 0, bytes: 0 }
}

async function sweep(
  reach: Reach,
  report: CollectionReport,
  { ns, guarded, storedBefore, dryRun, run }: CollectOptions,
  { removed, mayRemove }: CollectHooks,
  call: CallOptions,
): Promise<void> {
  let unneeded: (readonly [StoredObject, Exclude<Standing, 'kept'>])[] = []
  const removeThem = async () => {
    throwIfAborted(call.signal)
    if (!dryRun && unneeded.length > 0) await mayRemove?.()
    const ends = await Promise.allSettled(
      unneeded.map(async ([object, standing]) => {
        // Without the signal: a deletion that is given up may happen later.
        const gone = dryRun || (await guarded.remove(object.key))
        count(gone ? report.removed[standing] : report.young, object)
        if (gone) removed?.(object)
      }),
    )
    unneeded = []
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  for await (const object of guarded.storage.list(`${ns}/blobs/`, call)) {
    throwIfAborted(call.signal)
    const sha256 = object.key.slice(object.key.lastIndexOf('/') + 1)
    // What is no blob was not put by Seamark.
    if (!/^[0-9a-f]{64}$/.test(sha256) || object.key !== blobKey(ns, sha256)) continue
    const standing = reach.standing(sha256)
    if (standing === 'kept') count(report.kept, object)
    else if (run !== undefined && standing === 'orphaned') continue
    else if (storedAt(object) >= storedBefore) count(report.young, object)
    else unneeded.push([object, standing])
    if (unneeded.length >= removedAtOnce) await removeThem()
  }
  await removeThem()
}

function count(tally: Tally, { size }: StoredObject): void {
  tally.objects++
  tally.bytes += size
}

function storedAt({ key, storedAt: at }: StoredObject): number {
  if (at !== undefined) return at
  throw new SeamError('UNSUPPORTED', `The storage does not say when ${key} was put, so nothing can be removed.`, {
    remedy: 'Use a storage that does.',
    place: { pointer: '/storage' },
  })
}
