import type { ProjectionChange, ProjectionFilters, ProjectionName, ProjectionRows, UsageBy } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import { isDeepStrictEqual } from 'node:util'
import type { Move, Store } from './sides.ts'

const rowsPerPage = 1_000

// Typed so that no kind of usage can be left behind.
const usageKinds: Readonly<Record<UsageBy, true>> = {
  item: true,
  run: true,
  agent: true,
  principal: true,
  team: true,
  model: true,
}
const isUsageKind = (name: string): name is UsageBy => Object.hasOwn(usageKinds, name)
const USAGE = Object.keys(usageKinds).filter(isUsageKind)

/**
 * Writes every row of every run, replacing what an interrupted move has left, and reads it again. Constant memory.
 * Errors: `INTEGRITY` where other rows arrived.
 */
export async function copyRows(move: Move): Promise<{ runs: number; items: number; usage: number }> {
  const { ns, from, to, lease, size, onProgress, signal } = move
  const counts = { runs: 0, items: 0, usage: 0 }

  async function* pages<P extends ProjectionName>({ projections }: Store, projection: P, filter: ProjectionFilters[P]) {
    let cursor: string | undefined
    do {
      throwIfAborted(signal)
      const page = await projections.query(ns, projection, filter, {
        limit: rowsPerPage,
        ...(cursor !== undefined && { cursor }),
      })
      yield page.rows
      cursor = page.cursor
    } while (cursor !== undefined)
  }

  /** Copies a projection page by page, each in a transaction of its own. */
  async function* copied<P extends ProjectionName>(
    projection: P,
    filter: ProjectionFilters[P],
    change: (row: ProjectionRows[P]) => ProjectionChange,
  ) {
    const arrived = pages(to, projection, filter)
    for await (const rows of pages(from, projection, filter)) {
      counts[projection] += rows.length
      await to.journal.append(lease, size, { records: [], payloads: [], nodes: [], changes: rows.map(change) })
      if (!isDeepStrictEqual((await arrived.next()).value, rows))
        throw new SeamError('INTEGRITY', `What arrived is not what was sent: rows of ${projection} differ.`, {
          ...(filter.run !== undefined && { place: { pointer: `/runs/${filter.run}` } }),
          remedy: 'Move again, to an empty namespace.',
        })
      onProgress?.({ phase: 'rows', done: counts.runs + counts.items + counts.usage })
      yield rows
    }
  }

  for await (const runs of copied('runs', {}, (row) => ({ projection: 'runs', row })))
    for (const { run } of runs)
      for await (const _ of copied('items', { run }, (row) => ({ projection: 'items', row })));
  for (const by of USAGE) for await (const _ of copied('usage', { by }, (row) => ({ projection: 'usage', row })));
  return counts
}
