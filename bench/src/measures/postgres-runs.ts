import { postgresJournal } from '@seamark/journal-postgres'
import { median } from '../stats.ts'
import type { Shape } from '../plans.ts'
import { startRig } from '../rig.ts'
import { inTemporary } from '../temp.ts'

/** Runs plans one after another in an engine on PostgreSQL. Resolves with the median milliseconds of one run. */
export async function measure(input: {
  readonly url: string
  readonly schema: string
  readonly shape: Shape
  readonly items: number
  readonly runs: number
}): Promise<number> {
  const { url, schema, shape, items, runs } = input
  return inTemporary(async (dir) => {
    const rig = await startRig(dir, undefined, postgresJournal({ url, schema }))
    const mark = Date.now()
    const times: number[] = []
    // The first one warms up, as those of what it is compared with do.
    for (let i = 0; i <= runs; i++) times.push(await rig.run(`run-${mark}-${i}`, shape, items))
    await rig.close()
    return median(times.slice(1))
  })
}
