import { hasCode, SeamError, toSeamError } from '@seamark/kit'
import type { Decision, EgressDecision } from './options.ts'
import { refusalError } from './problems.ts'
import { refusalCounter } from './refusal-counter.ts'

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

/** The decisions of an attempt, made durable. */
export interface DecisionLog {
  /**
   * Resolves when a decision is durable, or is a refusal that is counted. Errors: `UNAVAILABLE` where it could not be made
   * durable, `LIMIT_EXCEEDED` for what would be allowed beyond the bound.
   */
  readonly record: (decision: Decision, count?: number) => Promise<void>
  /** False for ever once nothing is allowed any more. */
  readonly hasRoom: () => boolean
  /** Tells what is counted. Rejects where that can not be recorded. */
  readonly flush: () => Promise<void>
}

const unrecorded = ([first]: readonly EgressDecision[], cause: SeamError): SeamError =>
  new SeamError(
    'UNAVAILABLE',
    `Decisions of ${first?.launchId} can not be recorded (${cause.code}): nothing of it goes out meanwhile.`,
    { cause },
  )

interface Waiting {
  readonly decision: Decision
  readonly count: number
  readonly done: () => void
  readonly failed: (error: SeamError) => void
}

export interface DecisionLogOptions {
  /** Records, after which refusals are only counted and nothing is allowed any more. */
  readonly max: number
  /** Told of the first failure to record, and of the next after one that did not fail. Not of an attempt that is over. */
  readonly onFailure: (error: Error) => void
  readonly firstCountMs?: number
}

/** Makes decisions durable in groups: what comes while one call is under way waits for the next. */
export function decisionLog(
  decided: (decisions: readonly EgressDecision[]) => Promise<void>,
  { max, onFailure, firstCountMs }: DecisionLogOptions,
): DecisionLog {
  let failing = false
  const counted = refusalCounter((refusals) => tell(grouped(refusals)), firstCountMs)
  let waiting: Waiting[] = []
  let busy = false
  let recorded = 0

  async function tell(records: readonly EgressDecision[]): Promise<void> {
    try {
      await decided(records)
      failing = false
    } catch (cause) {
      const error = toSeamError(cause)
      // A program may ask again and again.
      if (!failing && !hasCode(error, 'CONFLICT')) onFailure(unrecorded(records, error))
      failing = true
      throw error
    }
  }

  function countOnly({ decision, count, done, failed }: Waiting): void {
    counted.add(decision, count)
    if (decision.outcome === 'allowed') failed(refusalError('too-many-decisions'))
    else done()
  }

  async function recordAll(group: readonly Waiting[]): Promise<void> {
    try {
      const records = grouped(group)
      await tell(records)
      recorded += records.length
      for (const { done } of group) done()
    } catch (cause) {
      const error = new SeamError('UNAVAILABLE', 'The decision could not be recorded, so nothing was sent.', {
        remedy: 'Try again later.',
        cause: toSeamError(cause),
      })
      for (const { failed } of group) failed(error)
    }
  }

  async function run(): Promise<void> {
    busy = true
    // One turn of the loop, so that what was asked at the same time is one group.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const room = max - recorded
      const size = room > 0 ? Math.min(longestGroup, room) : waiting.length
      const group = waiting.slice(0, size)
      waiting = waiting.slice(size)
      if (room > 0) await recordAll(group)
      else group.forEach(countOnly)
    }
    busy = false
  }

  return {
    flush: counted.flush,
    hasRoom: () => recorded < max,
    record: (decision, count = 1) =>
      new Promise((done, failed) => {
        waiting.push({ decision, count, done, failed })
        if (!busy) void run()
      }),
  }
}
