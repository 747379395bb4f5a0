import { postgresJournal } from '@seamark/journal-postgres'
import { startRig } from '../rig.ts'
import { inTemporary } from '../temp.ts'
import { inTurn, median, pairedRatio } from '../stats.ts'

/** The time of a run beside many finished items against the time without them, in turn. */
export interface History {
  readonly ratio: number
  /** Milliseconds of a run. */
  readonly after: number
  readonly before: number
}

/** Finishes `finished` items, then runs plans of `items` there and in an empty schema in turn. */
export async function measure(input: {
  readonly url: string
  readonly finished: number
  readonly items: number
  readonly pairs: number
}): Promise<History> {
  const { url, finished, items, pairs } = input
  return inTemporary(async (old) =>
    inTemporary(async (fresh) => {
      const long = await startRig(old, undefined, postgresJournal({ url, schema: 'long' }))
      const perRun = 10_000
      for (let run = 0; run * perRun < finished; run++) await long.run(`past-${run}`, 'flat', perRun)
      const short = await startRig(fresh, undefined, postgresJournal({ url, schema: 'short' }))
      let runs = 0
      const here = () => long.run(`run-${runs++}`, 'flat', items)
      const there = () => short.run(`run-${runs++}`, 'flat', items)
      await here()
      await there()
      const taken = await inTurn(pairs, here, there)
      await long.close()
      await short.close()
      return { ratio: pairedRatio(taken), after: median(taken.measured), before: median(taken.baseline) }
    }),
  )
}
