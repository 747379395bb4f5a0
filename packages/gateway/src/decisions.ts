import { hasCode, SeamError, toSeamError } from '@seamark/kit'
import { decisionKinds, type KindsOptions, type Telling } from './decision-kinds.ts'
import type { Decision, EgressDecision } from './options.ts'
import { refusalError } from './problems.ts'
import { laterTeller } from './tell-later.ts'

// What one call is given at most: a group is a record or a few, not a flood.
const longestGroup = 1_000
// Doubled with each time, so that what is told of counts stays little. While it can not be told, what was allowed ahead goes out so long.
const firstMs = 1_000
const mostMs = 60_000

/** The decisions of an attempt, made durable. */
export interface DecisionLog {
  /**
   * Resolves when a decision is durable, was allowed by a durable record before, or is a refusal that is counted. Errors: `UNAVAILABLE`
   * where it could not be made durable, `LIMIT_EXCEEDED` for what would be allowed beyond the bound.
   */
  readonly record: (decision: Decision, count?: number) => Promise<void>
  /** False once nothing of another kind is allowed any more. */
  readonly hasRoom: () => boolean
  /** Tells what is counted, and allows nothing ahead any more. Rejects where that can not be recorded. */
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

export interface DecisionLogOptions extends KindsOptions {
  /** Told of the first failure to record, and of the next after one that did not fail. Not of an attempt that is over. */
  readonly onFailure: (error: Error) => void
  readonly firstCountMs?: number
}

/** Makes decisions durable in groups: what comes while one call is under way waits for the next. */
export function decisionLog(
  decided: (decisions: readonly EgressDecision[]) => Promise<void>,
  { onFailure, firstCountMs = firstMs, ...bounds }: DecisionLogOptions,
): DecisionLog {
  const kinds = decisionKinds(bounds)
  let failing = false
  let waiting: Waiting[] = []
  let busy = false
  let telling: Promise<unknown> = Promise.resolve()
  let countMs = firstCountMs

  /** One call at a time, of what is to be told when its turn has come. */
  function tell(make: () => Telling): Promise<void> {
    const next = telling.then(async () => {
      const { records, told, failed } = make()
      if (records.length === 0) return
      try {
        await decided(records)
        failing = false
        told()
      } catch (cause) {
        failed()
        const error = toSeamError(cause)
        // A program may ask again and again.
        if (!failing && !hasCode(error, 'CONFLICT')) onFailure(unrecorded(records, error))
        failing = true
        throw error
      }
    })
    // Only the turn of the next call: whoever made this one is told by what it gets.
    telling = next.catch(() => undefined)
    return next
  }

  const counts = laterTeller(
    () => tell(kinds.counted),
    () => {
      const delay = countMs
      countMs = Math.min(2 * countMs, mostMs)
      return delay
    },
  )

  /** Whether it needs no record of its own. */
  function take(decision: Decision, count: number): boolean {
    if (!kinds.take(decision, count)) return false
    counts.later()
    return true
  }

  async function recordAll(group: readonly Waiting[]): Promise<void> {
    // A record that was made meanwhile may allow it.
    const left = group.filter(({ decision, count, done }) => {
      const taken = take(decision, count)
      if (taken) done()
      return !taken
    })
    const [fit, over] = kinds.fit(left)
    if (over.length > 0) counts.later()
    for (const { failed } of over) failed(refusalError('too-many-decisions'))
    try {
      await tell(() => kinds.records(fit))
      for (const { done } of fit) done()
    } catch (cause) {
      const error = new SeamError('UNAVAILABLE', 'The decision could not be recorded, so nothing was sent.', {
        remedy: 'Try again later.',
        cause: toSeamError(cause),
      })
      for (const { failed } of fit) failed(error)
    }
  }

  async function run(): Promise<void> {
    busy = true
    // One turn of the loop, so that what was asked at the same time is one group.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const group = waiting.slice(0, longestGroup)
      waiting = waiting.slice(longestGroup)
      await recordAll(group)
    }
    busy = false
  }

  return {
    hasRoom: kinds.hasRoom,
    flush() {
      kinds.close()
      return counts.flush()
    },
    record: (decision, count = 1) =>
      new Promise((done, failed) => {
        if (take(decision, count)) return done()
        waiting.push({ decision, count, done, failed })
        if (!busy) void run()
      }),
  }
}
