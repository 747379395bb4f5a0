import type { Clock } from '@seamark/kit'

export const YEAR_MS: number = 365 * 86_400_000

/** Everything that happens in a simulated run, in an order drawn from one seed. */
export interface World {
  /** A number in [0, 1). */
  random(): number
  chance(probability: number): boolean
  pick<T>(values: readonly T[]): T
  /** Time in this world. Timers of a life that has ended never ring. */
  clockOf(life: Life): Clock
  readonly clock: Clock
  /** Does something at some later step, if the life that asked for it has not ended. */
  later<T>(life: Life, work: () => T | Promise<T>): Promise<T>
  /** Takes one step. False when there is nothing to do. */
  step(): Promise<boolean>
  readonly steps: number
}

/** One process of the service, from its start to its crash; `undefined` outlives them all. */
export type Life = { ended: boolean } | undefined

interface Pending {
  readonly life: Life
  readonly run: () => void
}

export function world(seed: number): World {
  const random = mulberry32(seed)
  /** The longest that one step takes: in a slow world time is up more often while something is under way. */
  const stepMs = seed % 2 === 0 ? 300 : 3
  let now = 1_700_000_000_000
  let steps = 0
  let pending: Pending[] = []
  let timers: (Pending & { readonly at: number; readonly id: number })[] = []
  let ids = 0

  const alive = ({ life }: Pending) => life?.ended !== true

  function clockOf(life: Life): Clock {
    return {
      now: () => now,
      at(at, run) {
        const id = ids++
        // A simulated run is over long before that.
        if (at - now > YEAR_MS) return () => undefined
        timers.push({ at, id, life, run })
        return () => void (timers = timers.filter((timer) => timer.id !== id))
      },
    }
  }

  function ring(): boolean {
    timers = timers.filter(alive)
    const [first] = timers.sort((a, b) => a.at - b.at || a.id - b.id)
    if (first === undefined) return false
    timers.shift()
    now = Math.max(now, first.at)
    first.run()
    return true
  }

  return {
    random,
    chance: (probability) => random() < probability,
    pick(values) {
      const value = values[Math.floor(random() * values.length)]
      if (value === undefined) throw new Error('nothing to pick from')
      return value
    },
    clock: clockOf(undefined),
    clockOf,
    later: (life, work) =>
      new Promise((resolve, reject) => {
        pending.push({
          life,
          run: () => void (async () => work())().then(resolve, reject),
        })
      }),
    get steps() {
      return steps
    },
    async step() {
      steps++
      pending = pending.filter(alive)
      // Sometimes time passes although there is work: a slow operation. What is due rings soon.
      const due = timers.some(({ at }) => at <= now)
      if (pending.length === 0 || random() < (due ? 0.3 : 0.02)) {
        if (!ring() && pending.length === 0) return settled().then(() => false)
      } else {
        const [next] = pending.splice(Math.floor(random() * pending.length), 1)
        now += Math.floor(random() * stepMs)
        next?.run()
      }
      await settled()
      return true
    },
  }
}

// Everything that only waits for promises has run when an immediate comes round.
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Tommy Ettinger's mulberry32: 32 bits of state, the same numbers for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296
  }
}
