import { join } from 'node:path'
import { bareSqlite } from '../bare-sqlite.ts'
import { median } from '../stats.ts'
import { inTemporary } from '../temp.ts'

/** Durable commits of one row per second on the disk of the temporary folder: the median of `slices` slices. */
export async function measure({ slices, sliceMs }: { slices: number; sliceMs: number }): Promise<number> {
  return inTemporary(async (dir) => {
    const bare = bareSqlite(join(dir, 'bare.db'))
    const slice = (ms: number): number => {
      const started = performance.now()
      let count = 0
      while (performance.now() - started < ms) {
        for (let i = 0; i < 50; i++) bare.commitOne()
        count += 50
      }
      return (count / (performance.now() - started)) * 1000
    }
    slice(sliceMs)
    const rates = Array.from({ length: slices }, () => slice(sliceMs))
    bare.close()
    return median(rates)
  })
}
