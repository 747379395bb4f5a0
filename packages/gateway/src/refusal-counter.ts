import type { Decision } from './options.ts'
import { refusal } from './problems.ts'
import { laterTeller } from './tell-later.ts'

interface Counted {
  readonly decision: Decision
  readonly count: number
}

// Doubled with each time: what is told stays little however long an attempt goes on.
const firstMs = 1_000

/** All that is kept of a decision beyond the bound: an attempt can make up the rest. */
const bare = ({ launchId, at, reason }: Decision): Decision => ({
  launchId,
  at,
  outcome: 'refused',
  ...refusal(reason === 'listed' || reason === 'cached' ? 'too-many-decisions' : reason),
})

export interface RefusalCounter {
  readonly add: (decision: Decision, more: number) => void
  /** Tells what is counted, one call at a time. Rejects where it can not be recorded; then it stays counted. */
  readonly flush: () => Promise<void>
}

/** Counts refusals by their reason, and tells them more and more seldom. */
export function refusalCounter(
  tell: (refusals: readonly Counted[]) => Promise<void>,
  first: number = firstMs,
): RefusalCounter {
  const counts = new Map<Decision['reason'], Counted>()
  let everyMs = first

  function count({ decision, count: more }: Counted): void {
    const known = counts.get(decision.reason)
    counts.set(decision.reason, known ? { ...known, count: known.count + more } : { decision, count: more })
  }

  async function tellAll(): Promise<void> {
    const all = [...counts.values()]
    counts.clear()
    if (all.length === 0) return
    try {
      await tell(all)
    } catch (error) {
      all.forEach(count)
      throw error
    }
  }

  const { later, flush } = laterTeller(tellAll, () => {
    const delay = everyMs
    everyMs *= 2
    return delay
  })
  return {
    add(decision: Decision, more: number): void {
      count({ decision: bare(decision), count: more })
      later()
    },
    flush,
  }
}
