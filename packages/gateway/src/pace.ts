import { sleep, type Clock } from '@seamark/kit'

// Milliseconds that may be taken at once, and the part of all time beyond that.
const mostMs = 1_000
const share = 0.25

/**
 * Does work of one attempt that takes the time of a process which serves many: one after the other, and no more of it than
 * its share. What counts is what the work does before it first waits.
 */
export function pace(
  clock: Clock,
  elapsed: () => number = () => performance.now(),
): <T>(work: () => Promise<T>) => Promise<T> {
  let left = mostMs
  let at = clock.now()
  let last: Promise<void> = Promise.resolve()

  function refill(): void {
    const now = clock.now()
    left = Math.min(mostMs, left + Math.max(0, now - at) * share)
    at = now
  }

  return async (work) => {
    const before = last
    const turn = Promise.withResolvers<void>()
    last = turn.promise
    await before
    let working: ReturnType<typeof work>
    try {
      for (refill(); left < 0; refill()) await sleep(Math.ceil(-left / share), undefined, clock)
      const began = elapsed()
      working = work()
      left -= elapsed() - began
    } finally {
      turn.resolve()
    }
    return working
  }
}
