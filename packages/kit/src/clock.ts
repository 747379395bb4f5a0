/** Time as the engine sees it: injected, so that a simulation can own it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Calls back once at or soon after `at` (epoch milliseconds); returns a function that cancels it. */
  at(at: number, callback: () => void): () => void
}

// Node's timers hold at most 2^31−1 ms.
const longest = 2 ** 31 - 1

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, callback) {
    let timer: NodeJS.Timeout
    const arm = () => {
      timer = setTimeout(fire, Math.min(longest, Math.max(0, at - Date.now())))
    }
    // A timer may also fire up to a millisecond early.
    const fire = () => (Date.now() < at ? arm() : callback())
    arm()
    return () => clearTimeout(timer)
  },
}
