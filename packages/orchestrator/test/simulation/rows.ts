import type { Submission } from '@seamark/core'
import type { memoryJournal } from '@seamark/testing'
import type { Stored } from './invariants.ts'

/** Rows say what the records say. */
export async function rowViolations(
  journal: ReturnType<typeof memoryJournal>,
  log: readonly Stored[],
  submissions: ReadonlyMap<string, Submission>,
): Promise<string[]> {
  const found: string[] = []
  for (const run of submissions.keys()) {
    const seal = log.find(({ header }) => header.kind === 'run.sealed' && header.run === run)?.header
    const { rows } = await journal.projections.query('default', 'runs', { run })
    const [row] = rows
    if (seal?.kind === 'run.sealed' && row?.status !== seal.data.status)
      found.push(`the row of ${run} says ${row?.status}, its seal ${seal.data.status}`)
    const { rows: items } = await journal.projections.query('default', 'items', { run })
    for (const { item: id, status } of items)
      if (status === 'waiting' || status === 'running' || status === 'parked')
        found.push(`the row of ${run}/${id} says ${status} after the run was sealed`)
  }
  return found
}
