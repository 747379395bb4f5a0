import type { CallOptions } from '@seamark/core'
import { parseHeader } from '@seamark/log'
import { readWorkspace } from '@seamark/orchestrator'
import type { Collection, Engine } from '@seamark/orchestrator'
import type { BlobTally, QuotaTally } from '@seamark/protocol'
import { mirrorNames } from '@seamark/worker'
import type { LocalWorker, RoomOptions, SpaceTally } from '@seamark/worker'
import type { Deployment } from './deployment.ts'

type RoomDeployment = Pick<Deployment, 'ns' | 'journal' | 'projections' | 'exporting'> & {
  readonly worker: Pick<LocalWorker, 'makeRoom'>
}

interface RoomCall extends Pick<RoomOptions, 'mayRemove'> {
  readonly dryRun: boolean
  readonly removed?: (of: QuotaTally['of']) => void
}

/**
 * Removes workspaces that were not captured and mirrors of repositories, the oldest first, where they take more than a collection leaves them. What runs
 * need that are not over, are held or are being exported stays. `removed` is told of each that is gone, also before an error. Errors: those of `mayRemove`, the journal and the disk.
 */
export async function makeRoom(
  deployment: RoomDeployment,
  engine: Engine,
  limits: Pick<Collection, 'keptBytes' | 'mirrorBytes' | 'storedBefore'>,
  { dryRun, removed: told, ...call }: CallOptions & RoomCall,
): Promise<readonly QuotaTally[]> {
  const { keptBytes, mirrorBytes, storedBefore: before } = limits
  if (keptBytes === undefined && mirrorBytes === undefined) return []
  const needed = await neededNames(deployment, engine, call)
  const tallies: QuotaTally[] = []
  const most = { kept: keptBytes, mirrors: mirrorBytes }
  for (const kind of ['kept', 'mirrors'] as const) {
    const maxBytes = most[kind]
    if (maxBytes === undefined) continue
    const terms = { maxBytes, before, needed, dryRun }
    const { removed, left } = await deployment.worker.makeRoom(deployment.ns, kind, terms, {
      ...call,
      removed: () => told?.(kind),
    })
    tallies.push({ of: kind, maxBytes, removed: tally(removed), left: tally(left) })
  }
  return tallies
}

/** Launches of runs that are needed, and mirrors of their repositories. */
async function neededNames(
  deployment: RoomDeployment,
  engine: Engine,
  call: CallOptions,
): Promise<ReadonlySet<string>> {
  const { ns, journal } = deployment
  const names = new Set<string>()
  for await (const row of neededRuns(deployment, engine, call)) {
    const workspace = await readWorkspace(ns, journal, row)
    if (workspace?.type === 'git') for (const name of mirrorNames(workspace)) names.add(name)
    for await (const { header } of journal.read(ns, row.seq, { run: row.run, ...call })) {
      if (!Buffer.from(header).includes('"kind":"item.launched"')) continue
      const record = parseHeader(header)
      if (record.kind === 'item.launched') names.add(record.data.launchId)
    }
  }
  return names
}

async function* neededRuns(
  deployment: RoomDeployment,
  engine: Engine,
  call: CallOptions,
): AsyncGenerator<{ readonly run: string; readonly seq: number }> {
  const { ns, projections, exporting } = deployment
  const held = new Set([...engine.storage().holds.map(({ run }) => run), ...exporting.keys()])
  let cursor: string | undefined
  do {
    const page = await projections.query(ns, 'runs', {}, { limit: 1_000, ...(cursor && { cursor }) }, call)
    for (const row of page.rows) if (row.sealedAt === undefined || held.has(row.run)) yield row
    ;({ cursor } = page)
  } while (cursor !== undefined)
}

function tally({ count, bytes }: SpaceTally): BlobTally {
  return { objects: count, bytes }
}
