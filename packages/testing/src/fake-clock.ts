import type { Clock } from '@seamark/kit'
import { SeamError } from '@seamark/kit'

/** A clock that moves only when it is told to. */
export interface FakeClock extends Clock {
  /** Moves time on, calling what becomes due on the way, in order, each at its own time. */
  advance(ms: number): void
  /** Moves to the next timer and calls it; `false` if there is none. */
  runNext(): boolean
  /** Times of the timers that wait, ascending. */
  pending(): readonly number[]
}

/** A fake clock. Timers due at the same time are called in the order in which they were set. */
export function fakeClock(start = 0): FakeClock {
  let now = start
  let made = 0
  const timers = new Map<number, { readonly at: number; readonly callback: () => void }>()

  const next = (): [number, { readonly at: number; readonly callback: () => void }] | undefined => {
    let best: [number, { readonly at: number; readonly callback: () => void }] | undefined
    // Insertion order breaks ties.
    for (const entry of timers) if (best === undefined || entry[1].at < best[1].at) best = entry
    return best
  }

  const run = (limit: number): boolean => {
    const due = next()
    if (due === undefined || due[1].at > limit) return false
    timers.delete(due[0])
    now = Math.max(now, due[1].at)
    due[1].callback()
    return true
  }

  return {
    now: () => now,
    at(at, callback) {
      const id = made++
      timers.set(id, { at, callback })
      return () => void timers.delete(id)
    },
    advance(ms) {
      if (!Number.isFinite(ms) || ms < 0)
        throw new SeamError('INVALID_INPUT', `A clock can not be advanced by ${ms} ms; time only moves on.`)
      const until = now + ms
      while (run(until));
      now = Math.max(now, until)
    },
    runNext: () => run(Number.POSITIVE_INFINITY),
    pending: () => [...timers.values()].map(({ at }) => at).sort((a, b) => a - b),
  }
}
