import type { ProjectionChange, ProjectionFilters, ProjectionName } from '@seamark/core'
import { throwIfAborted } from '@seamark/kit'
import type { Move } from './sides.ts'

const rowsPerPage = 1_000

/** Writes every row of every run, replacing what an interrupted move has left. Constant memory. */
export async function copyRows({
  ns,
  from,
  to,
  lease,
  size,
  onProgress,
  signal,
}: Move): Promise<{ runs: number; items: number }> {
  const counts = { runs: 0, items: 0 }

  /** Pages of a projection, each written in a transaction of its own. */
  async function* pages<P extends ProjectionName>(projection: P, filter: ProjectionFilters[P]) {
    let cursor: string | undefined
    do {
      throwIfAborted(signal)
      const page = await from.projections.query(ns, projection, filter, {
        limit: rowsPerPage,
        ...(cursor !== undefined && { cursor }),
      })
      yield page.rows
      cursor = page.cursor
    } while (cursor !== undefined)
  }
  const write = async (changes: readonly ProjectionChange[]): Promise<void> => {
    await to.journal.append(lease, size, { records: [], payloads: [], nodes: [], changes })
    onProgress?.({ phase: 'rows', done: counts.runs + counts.items })
  }

  for await (const runs of pages('runs', {})) {
    counts.runs += runs.length
    await write(runs.map((row) => ({ projection: 'runs', row })))
    for (const { run } of runs) {
      for await (const items of pages('items', { run })) {
        counts.items += items.length
        if (items.length > 0) await write(items.map((row) => ({ projection: 'items', row })))
      }
    }
  }
  return counts
}
