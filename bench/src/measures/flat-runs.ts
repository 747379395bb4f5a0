import { median } from '../stats.ts'
import { startRig } from '../rig.ts'
import { inTemporary } from '../temp.ts'

/** Runs flat plans of `items` one after another in a warm engine. Resolves with the median milliseconds of one run. */
export async function measure({ items, runs }: { items: number; runs: number }): Promise<number> {
  return inTemporary(async (dir) => {
    const rig = await startRig(dir)
    for (let i = 0; i < 5; i++) await rig.run(`warm-${i}`, 'flat', 1_000)
    const times: number[] = []
    for (let i = 0; i < runs; i++) times.push(await rig.run(`run-${i}`, 'flat', items))
    await rig.close()
    return median(times)
  })
}
