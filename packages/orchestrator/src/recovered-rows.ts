import type { Journal, Lease, UsageRow } from '@seamark/core'
import { toSeamError } from '@seamark/kit'
import type { State } from './state.ts'
import { mayChange } from './usage-tallies.ts'

/** As many are written together, and gathered before the first is. */
const ROWS_AT_ONCE = 1_000

/** Writes rows in one transaction. Resolves with whether it could; rejects where nothing can go on. */
export type WriteRows = (rows: readonly UsageRow[]) => Promise<boolean>

export interface RowWriterOptions {
  readonly journal: Journal
  readonly lease: Lease
  readonly notice: (error: Error) => void
}

/** Writes rows without a record: they follow from those that are there. What comes in time by itself is only told. */
export function rowWriter({ journal, lease, notice }: RowWriterOptions): WriteRows {
  return async (rows) => {
    try {
      const { size } = await journal.head(lease.ns)
      const changes = rows.map((row) => ({ projection: 'usage', row }) as const)
      await journal.append(lease, size, { records: [], payloads: [], nodes: [], changes })
      return true
    } catch (error) {
      const seam = toSeamError(error)
      if (seam.consequence !== 'retry') throw seam
      notice(seam)
      return false
    }
  }
}

/**
 * Bounds what a replay gathers of usage: to be called after each record. Rows that never change again are written on the way,
 * each with what it will always hold, so that a replay which is cut and begun anew takes nothing back. The others, and what
 * can not be written now, are left to the first batch.
 */
export function rowsOnTheWay(
  state: State,
  write: WriteRows,
  most: number = ROWS_AT_ONCE,
): () => Promise<void> | undefined {
  const { todo, budgets } = state
  let due = most

  async function writeOver(): Promise<void> {
    const over = [...todo.usage].filter(([, row]) => !mayChange(budgets.tallies, row))
    for (let at = 0; at < over.length; at += most) {
      const some = over.slice(at, at + most)
      if (!(await write(some.map(([, row]) => row)))) break
      for (const [key] of some) todo.usage.delete(key)
    }
    due = todo.usage.size + most
  }

  return () => (todo.usage.size < due ? undefined : writeOver())
}
