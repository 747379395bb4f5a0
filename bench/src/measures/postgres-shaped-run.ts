import type { JournalBatch } from '@seamark/core'
import { postgresJournal } from '@seamark/journal-postgres'
import { barePostgres } from '../bare-postgres.ts'
import { rowsOf } from '../bare-sqlite.ts'
import type { Shape } from '../plans.ts'
import { startRig } from '../rig.ts'
import { inTurn, median, pairedRatio } from '../stats.ts'
import { inTemporary } from '../temp.ts'
import type { ShapedRun } from './shaped-run.ts'

/** Runs a plan through the engine on PostgreSQL, then writes the rows that it wrote with nothing but `pg`, in turn. */
export async function measure(input: {
  readonly url: string
  readonly shape: Shape
  readonly items: number
  readonly pairs: number
}): Promise<ShapedRun> {
  const { url, shape, items, pairs } = input
  return inTemporary(async (dir) => {
    let batches: JournalBatch[] = []
    const store = postgresJournal({ url, schema: `shaped_${shape}` })
    const rig = await startRig(dir, (batch) => batches.push(batch), store)
    for (let i = 0; i < 3; i++) await rig.run(`warm-${i}`, shape, 500)
    let runs = 0
    let last = new Array<ReturnType<typeof rowsOf>>()
    const engine = async (): Promise<number> => {
      batches = []
      const ms = await rig.run(`run-${runs++}`, shape, items)
      last = batches.map(rowsOf)
      return ms
    }
    const bare = async (): Promise<number> => {
      const tables = await barePostgres(url)
      const started = performance.now()
      for (const rows of last) await tables.commit(rows)
      const ms = performance.now() - started
      await tables.close()
      return ms
    }
    await engine()
    await bare()
    const taken = await inTurn(pairs, engine, bare)
    await rig.close()

    const commits = last.length
    const toBareItems = 1 / pairedRatio(taken)
    return {
      itemsPerSecond: (items / median(taken.measured)) * 1000,
      bareCommitsPerSecond: (commits / median(taken.baseline)) * 1000,
      bareItemsPerSecond: (items / median(taken.baseline)) * 1000,
      toBareCommits: toBareItems * (items / commits),
      toBareItems,
      commitsPerItem: commits / items,
    }
  })
}
