import { collect as collectBlobs } from '@seamark/collector'
import type { CollectionReport } from '@seamark/collector'
import type { CallOptions, Principal } from '@seamark/core'
import { SeamError, toSeamError } from '@seamark/kit'
import type { Collection, Engine, Lead } from '@seamark/orchestrator'
import type { CollectAnswer, CollectBody, QuotaTally, RemovedRun, RemoveQuery } from '@seamark/protocol'
import type { LocalWorker } from '@seamark/worker'
import { join } from 'node:path'
import type { Deployment } from './deployment.ts'
import { makeRoom } from './room.ts'

const dayMs = 24 * 3_600_000

interface Options extends CallOptions {
  readonly onNotice: (error: Error) => void
}

type CollectedDeployment = Pick<
  Deployment,
  'ns' | 'dataDir' | 'journal' | 'projections' | 'guarded' | 'exporting' | 'retention' | 'quotaBytes' | 'requireEngine'
> & { readonly worker: Pick<LocalWorker, 'makeRoom'> }

type Limits = ReturnType<Engine['collectionLimits']>

/**
 * Removes blobs that nothing needs, once it is on record that it begins; a dry run removes and records nothing. Errors: those of
 * `Engine.collect` and of `collect` of `@seamark/collector`.
 */
export async function collect(
  deployment: CollectedDeployment,
  principal: Principal,
  { dryRun = false, graceMs = dayMs }: CollectBody,
  { signal, onNotice }: Options,
): Promise<CollectAnswer> {
  const engine = await deployment.requireEngine()
  const { kept: keptBytes, mirrors: mirrorBytes } = deployment.quotaBytes
  const terms = {
    graceMs,
    ...deployment.retention,
    ...(keptBytes !== undefined && { keptBytes }),
    ...(mirrorBytes !== undefined && { mirrorBytes }),
  }
  if (dryRun) {
    const limits = engine.collectionLimits(terms)
    const call = { dryRun, ...(signal && { signal }) }
    const report = await sweep(deployment, engine, limits, call)
    const quotas = await makeRoom(deployment, engine, limits, call)
    return answer(true, { limits, report, quotas })
  }
  const begin = () => engine.collect(principal, terms)
  return answer(false, await remove(deployment, engine, begin, { ...(signal && { signal }), onNotice }))
}

/**
 * Removes what a run left that is over, but for what others need, once that is on record; a dry run removes and records nothing. Errors: as `collect`;
 * those of `Engine.removeRun`; `CONFLICT` where what it left is being read.
 */
export async function removeRun(
  deployment: CollectedDeployment,
  principal: Principal,
  run: string,
  { dryRun, ...options }: Options & RemoveQuery,
): Promise<RemovedRun> {
  const engine = await deployment.requireEngine()
  const isRead = (remedy: string) =>
    new SeamError('CONFLICT', `What run ${run} left is being exported, or taken by another run.`, { remedy })
  if (deployment.exporting.has(run)) throw isRead('Try again once that has ended.')
  if (dryRun) {
    const call = { dryRun, ...(options.signal && { signal: options.signal }) }
    const report = await sweep(deployment, engine, await engine.removalLimits(principal, run), call)
    if (report.runs === 0) throw isRead('Try again once that has ended.')
    return removedOf(dryRun, run, report)
  }
  const { report } = await remove(deployment, engine, () => engine.removeRun(principal, run), options)
  // That began meanwhile, and nothing was removed. That it is to be is on record.
  if (report.runs === 0) throw isRead('Try again once that has ended; the next `seamark gc` removes it as well.')
  return removedOf(dryRun, run, report)
}

function removedOf(dryRun: boolean, run: string, { removed, young }: CollectionReport): RemovedRun {
  return { dryRun, run, removed: removed.givenUp, young }
}

interface Removed {
  readonly limits: Limits
  readonly report: CollectionReport
  readonly quotas: readonly QuotaTally[]
}

function remove(
  deployment: CollectedDeployment,
  engine: Engine,
  begin: () => Promise<Collection>,
  { signal, onNotice }: Options,
): Promise<Removed> {
  return engine.whileLeading((lead) => {
    const call = { signal: AbortSignal.any([lead.signal, ...(signal ? [signal] : [])]), onNotice }
    return removeLeading(deployment, engine, { begin, lead }, call)
  })
}

async function removeLeading(
  deployment: CollectedDeployment,
  engine: Engine,
  { begin, lead }: { readonly begin: () => Promise<Collection>; readonly lead: Lead },
  { signal, onNotice }: Options,
): Promise<Removed> {
  const { seq, at: _, ...limits } = await begin()
  const removed = { objects: 0, bytes: 0 }
  const pieces = { kept: 0, mirrors: 0 }
  const end = (outcome: 'done' | 'failed') =>
    engine.collected(seq, {
      outcome,
      removed: removed.objects,
      bytes: removed.bytes,
      ...(pieces.kept > 0 && { workspaces: pieces.kept }),
      ...(pieces.mirrors > 0 && { mirrors: pieces.mirrors }),
    })
  try {
    const call = { dryRun: false, ...(signal && { signal }), mayRemove: () => lead.check() }
    const report = await sweep(deployment, engine, limits, {
      ...call,
      removed({ size }) {
        removed.objects++
        removed.bytes += size
      },
    })
    const quotas = await makeRoom(deployment, engine, limits, { ...call, removed: (of) => void pieces[of]++ })
    await end('done')
    return { limits, report, quotas }
  } catch (error) {
    // Where even that can not be recorded, the next engine knows that it ended.
    await end('failed').catch((cause: unknown) => onNotice(toSeamError(cause)))
    throw error
  }
}

async function sweep(
  { ns, dataDir, journal, projections, guarded, exporting }: CollectedDeployment,
  engine: Engine,
  limits: Limits,
  { dryRun, ...call }: NonNullable<Parameters<typeof collectBlobs>[1]> & { readonly dryRun: boolean },
): Promise<CollectionReport> {
  const { holds, removalsFrom } = engine.storage()
  const held = new Set([...holds.map(({ run }) => run), ...exporting.keys()])
  const { size } = await journal.head(ns)
  const dir = join(dataDir, 'tmp')
  return collectBlobs({ ns, journal, projections, guarded, dir, size, held, removalsFrom, dryRun, ...limits }, call)
}

function answer(dryRun: boolean, { limits, report, quotas }: Removed): CollectAnswer {
  const { storedBefore, runsBefore, snapshotsBefore } = limits
  return {
    dryRun,
    storedBefore,
    ...(runsBefore !== undefined && { runsBefore }),
    ...(snapshotsBefore !== undefined && { snapshotsBefore }),
    ...report,
    ...(quotas.length > 0 && { quotas }),
  }
}
