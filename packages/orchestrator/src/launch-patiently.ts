import type { LaunchAnswer } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, sleep, throwIfAborted, toSeamError } from '@seamark/kit'

/** Enough for a service that restarts; after it a call that fails is given up, where it can be. */
export const PATIENCE = { attempts: 8, minDelayMs: 100, maxDelayMs: 10_000 } as const

/** How long what waits for an executor that is away gives its slot to others before it tries again. */
const AWAY_RETRY_MS = 30_000

/**
 * Launches, which is safe to repeat: it is idempotent by its id. An executor that is away is waited for, and the answer says so
 * once patience is over. Where the answer to a call was lost it is waited for as long as it takes, as what may run is not given up.
 * Errors: those of the calls.
 */
export async function launchPatiently(
  launch: () => Promise<LaunchAnswer>,
  { random, signal, clock }: { readonly random: () => number; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<LaunchAnswer> {
  for (let calls = 1, lost = 0; ; calls++) {
    throwIfAborted(signal)
    const pauseMs = backoffMs(calls - 1, PATIENCE.minDelayMs, PATIENCE.maxDelayMs, random())
    try {
      const answer = await launch()
      if (answer.outcome === 'launched' || answer.problem === undefined) return answer
      if (lost === 0 && calls >= PATIENCE.attempts) return { retryAfterMs: AWAY_RETRY_MS, ...answer }
      // Nothing runs, so nothing has to be ended of what nobody wants any more.
      if (!(await passed(pauseMs, signal, clock)) && lost === 0) return answer
    } catch (error) {
      const { consequence, retryAfterMs } = toSeamError(error)
      if (consequence !== 'retry' || ++lost >= PATIENCE.attempts) throw error
      await sleep(retryAfterMs ?? pauseMs, signal, clock)
    }
  }
}

/** Whether the time has passed; `false` at once where nobody waits any more. */
export function passed(ms: number, signal: AbortSignal, clock: Clock): Promise<boolean> {
  return sleep(ms, signal, clock).then(
    () => true,
    () => false,
  )
}
