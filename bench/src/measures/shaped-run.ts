import type { JournalBatch } from '@seamark/core'
import { join } from 'node:path'
import { bareSqlite, rowsOf } from '../bare-sqlite.ts'
import type { Rows } from '../bare-sqlite.ts'
import type { Shape } from '../plans.ts'
import { startRig } from '../rig.ts'
import { inTurn, median, pairedRatio } from '../stats.ts'
import { inTemporary } from '../temp.ts'

export interface ShapedRun {
  readonly itemsPerSecond: number
  /** Of the same rows in the same commits, without an engine: commits, and items, per second. */
  readonly bareCommitsPerSecond: number
  readonly bareItemsPerSecond: number
  readonly toBareCommits: number
  readonly toBareItems: number
  readonly commitsPerItem: number
}

export interface Input {
  readonly shape: Shape
  readonly items: number
  readonly pairs: number
}

/** What is compared: a rig with a store, and tables of the same database without one. */
interface Sides {
  readonly store?: Parameters<typeof startRig>[2]
  readonly warmItems: number
  readonly openBare: (dir: string) => Promise<BareTables> | BareTables
}

interface BareTables {
  commit(rows: Rows): Promise<void> | void
  close(): Promise<void> | void
}

/** Runs a plan through the engine, then writes the rows that it wrote with nothing but SQLite, in turn. */
export async function measure(input: Input): Promise<ShapedRun> {
  return compare(input, { warmItems: 4_000, openBare: (dir) => bareSqlite(join(dir, `bare-${Math.random()}.db`)) })
}

export async function compare({ shape, items, pairs }: Input, sides: Sides): Promise<ShapedRun> {
  const { store, warmItems, openBare } = sides
  return inTemporary(async (dir) => {
    // Of a run that is not measured: to keep them costs an engine that has nothing else to do a twentieth of its time.
    let batches: JournalBatch[] | undefined = []
    const rig = await startRig(dir, () => batches, store)
    await rig.run('kept', shape, items)
    const written = batches.map(rowsOf)
    batches = undefined
    // Until its code is compiled, which goes on for some 30,000 items: measured is an engine that has run for a while.
    for (let i = 0; i < 8; i++) await rig.run(`warm-${i}`, shape, warmItems)

    let runs = 0
    const engine = (): Promise<number> => rig.run(`run-${runs++}`, shape, items)
    const bare = async (): Promise<number> => {
      const tables = await openBare(dir)
      const started = performance.now()
      for (const rows of written) await tables.commit(rows)
      const ms = performance.now() - started
      await tables.close()
      return ms
    }
    // The statements' first use.
    await bare()
    const taken = await inTurn(pairs, engine, bare)
    await rig.close()

    const commits = written.length
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
