import { SeamError, toSeamError } from '@seamark/kit'
import type { EgressDecision } from './options.ts'

/** A decision before it is counted. */
export type Decision = Omit<EgressDecision, 'count'>

// What one call is given at most: a group is a record or a few, not a flood.
const longestGroup = 1_000

/** Equal ones as one, with the time of the first. */
function grouped(
  decisions: readonly { readonly decision: Decision; readonly count: number }[],
): readonly EgressDecision[] {
  const groups = new Map<string, { count: number; readonly first: Decision }>()
  for (const { decision, count } of decisions) {
    const { at: _, ...rest } = decision
    const key = JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)))
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { count, first: decision })
    else known.count += count
  }
  return Array.from(groups.values(), ({ count, first }) => ({ ...first, count }))
}

/**
 * Makes decisions durable in groups: what comes while one call is under way waits for the next. The promise resolves when
 * its decision is durable. Errors: `UNAVAILABLE` where it could not be made so.
 */
export function decisionLog(
  decided: (decisions: readonly EgressDecision[]) => Promise<void>,
): (decision: Decision, count?: number) => Promise<void> {
  let waiting: {
    readonly decision: Decision
    readonly count: number
    readonly done: () => void
    readonly failed: (error: SeamError) => void
  }[] = []
  let busy = false

  async function run(): Promise<void> {
    busy = true
    // One turn of the loop, so that what was asked at the same time is one group.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const group = waiting.slice(0, longestGroup)
      waiting = waiting.slice(longestGroup)
      try {
        await decided(grouped(group))
        for (const { done } of group) done()
      } catch (cause) {
        const error = new SeamError('UNAVAILABLE', 'The decision could not be recorded, so nothing was sent.', {
          remedy: 'Try again later.',
          cause: toSeamError(cause),
        })
        for (const { failed } of group) failed(error)
      }
    }
    busy = false
  }

  return (decision, count = 1) =>
    new Promise((done, failed) => {
      waiting.push({ decision, count, done, failed })
      if (!busy) void run()
    })
}
