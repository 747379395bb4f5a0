import type { CallOptions, RunRow } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { parseHeader } from '@seamark/log'
import type { Engine } from '@seamark/orchestrator'
import type { Deployment } from './deployment.ts'

/**
 * Since when patches, outputs and logs of a run may be gone: when the collection began that gave it up, at its age or because somebody
 * asked. One that gives up snapshots leaves them, and every collection leaves what is held when it begins.
 */
export async function givenUpAt(
  deployment: Pick<Deployment, 'engine' | 'ns' | 'journal'>,
  row: RunRow,
  options: CallOptions,
): Promise<number | undefined> {
  const { run, sealedAt } = row
  if (sealedAt === undefined) return undefined
  const { engine } = deployment
  if (engine === undefined) return scan(deployment, { ...row, sealedAt }, options)
  return engine.givenUp(run, sealedAt)?.at ?? removedAt(deployment, row, engine.storage().removalsFrom, options)
}

type Led = Pick<Deployment, 'ns' | 'journal'> & { readonly engine: Engine }

/** Whether a collection is under way that may be removing what a run left. */
export async function isGoing(
  { engine, ns, journal }: Pick<Deployment, 'engine' | 'ns' | 'journal'>,
  row: RunRow,
  options: CallOptions,
): Promise<boolean> {
  const { run, sealedAt } = row
  if (engine === undefined || sealedAt === undefined) return false
  const { collection, holds } = engine.storage()
  if (collection === undefined || collection.run === run) return collection !== undefined
  if (holds.some((hold) => hold.run === run)) return false
  // Its hold may have been released since the collection began.
  if (sealedAt < (collection.runsBefore ?? 0) && engine.givenUp(run, sealedAt) !== undefined) return true
  return removedBefore({ engine, ns, journal }, row, options)
}

/**
 * Throws `CONFLICT` while a collection is under way that may have a run on its list, also for its snapshots alone. A run that is held
 * was held before it began: no hold is placed meanwhile. Whoever asks has the run in `exporting`, so that none that begins later has it.
 */
export async function requireNoCollection(deployment: Led, row: RunRow, options: CallOptions): Promise<void> {
  const { run, sealedAt = 0 } = row
  const { collection, holds } = deployment.engine.storage()
  if (collection === undefined) return
  if (collection.run !== run) {
    if (holds.some((hold) => hold.run === run)) return
    const aged = sealedAt < Math.max(collection.runsBefore ?? 0, collection.snapshotsBefore ?? 0)
    if (!aged && !(await removedBefore(deployment, row, options))) return
  }
  throw new SeamError('CONFLICT', `A collection that gives run ${run} up is under way.`, {
    remedy: 'Try again once it has ended.',
  })
}

/** Every collection goes on with what an earlier one of just this run left. */
async function removedBefore(deployment: Led, row: RunRow, options: CallOptions): Promise<boolean> {
  return (await removedAt(deployment, row, deployment.engine.storage().removalsFrom, options)) !== undefined
}

/** When somebody last asked to remove it. Which runs were removed so is not kept in mind; it is asked only where something is gone or going. */
async function removedAt(
  { ns, journal }: Pick<Deployment, 'ns' | 'journal'>,
  { run, seq }: RunRow,
  removalsFrom: number | undefined,
  options: CallOptions,
): Promise<number | undefined> {
  if (removalsFrom === undefined) return undefined
  let found: number | undefined
  for await (const { header } of journal.read(ns, Math.max(seq, removalsFrom), options)) {
    if (!Buffer.from(header).includes('"kind":"collection.begun"')) continue
    const record = parseHeader(header)
    if (record.kind === 'collection.begun' && record.data.run === run) found = record.at
  }
  return found
}

/** Without an engine nobody has the records folded. It is asked only where something is gone. */
async function scan(
  { ns, journal }: Pick<Deployment, 'ns' | 'journal'>,
  { run, seq, sealedAt }: RunRow & { readonly sealedAt: number },
  options: CallOptions,
): Promise<number | undefined> {
  let held = false
  let found: number | undefined
  for await (const { header } of journal.read(ns, seq, options)) {
    if (!/"kind":"(?:collection\.begun|hold\.)/.test(Buffer.from(header).toString('latin1'))) continue
    const record = parseHeader(header)
    if (record.kind === 'hold.placed' || record.kind === 'hold.released') {
      if (record.data.run === run) held = record.kind === 'hold.placed'
    } else if (record.kind === 'collection.begun') {
      const { runsBefore = 0, run: only } = record.data
      if (only === run || (!held && sealedAt < runsBefore)) found = record.at
    }
  }
  return found
}
