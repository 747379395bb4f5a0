import type { Clock } from '@seamark/kit'
import { SeamError, systemClock } from '@seamark/kit'

/** A reproducible stream of numbers: the same seed and calls give the same values on every machine. */
export interface FaultInjector {
  readonly seed: number
  /** A number in [0, 1). */
  random(): number
  /** An integer in [0, bound). */
  int(bound: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  /** One of the values; there must be at least one. */
  pick<T>(values: readonly T[]): T
  /** An injector of its own, so that more draws in one part of a test do not shift those of another. */
  fork(label: string): FaultInjector
}

/** What goes wrong with one call. */
export type Fault =
  /** The call is not made, and fails. */
  | { readonly when: 'before'; readonly error: Error }
  /** The call is made and succeeds, and its answer is lost. A stream fails after `items` items, by default after the last. */
  | { readonly when: 'after'; readonly error: Error; readonly items?: number }
  /** The call is made this much later. */
  | { readonly when: 'late'; readonly delayMs: number }

/** Decides the fate of the `call`-th call, from 0, of a method. */
export type FaultPlan = (method: string, call: number) => Fault | undefined

/** mulberry32 (Tommy Ettinger, public domain). Not for secrets. */
export function faultInjector(seed: number): FaultInjector {
  let state = seed >>> 0
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (bound: number) => Math.floor(random() * bound)
  return {
    seed,
    random,
    int,
    chance: (probability) => random() < probability,
    pick(values) {
      const index = int(values.length)
      const value = values[index]
      if (index >= values.length || value === undefined)
        throw new SeamError('INVALID_INPUT', 'There is nothing to pick from.')
      return value
    },
    fork(label) {
      // FNV-1a over the label, from the seed: independent of how many draws came before.
      let hash = (seed ^ 0x811c9dc5) >>> 0
      for (const byte of Buffer.from(label, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
      return faultInjector(hash)
    },
  }
}

/** A plan that makes each call fail with this probability, before or after it is made, or come late. */
export function randomFaults(
  injector: FaultInjector,
  options: {
    readonly probability: number
    readonly error?: () => Error
    readonly maxDelayMs?: number
    /** Only these methods. Default all. */
    readonly methods?: readonly string[]
  },
): FaultPlan {
  const error = options.error ?? (() => new SeamError('UNAVAILABLE', 'An injected fault.'))
  return (method) => {
    if (options.methods !== undefined && !options.methods.includes(method)) return undefined
    if (!injector.chance(options.probability)) return undefined
    const when = injector.pick(
      options.maxDelayMs === undefined ? (['before', 'after'] as const) : (['before', 'after', 'late'] as const),
    )
    return when === 'late' ? { when, delayMs: injector.int((options.maxDelayMs ?? 0) + 1) } : { when, error: error() }
  }
}

/**
 * The same object, with faults in the calls that the plan names. It is for objects whose methods
 * return promises or async iterables, as those of all seams do.
 */
export function withFaults<S extends object>(seam: S, plan: FaultPlan, options: { readonly clock?: Clock } = {}): S {
  const clock = options.clock ?? systemClock
  const calls = new Map<string, number>()
  return new Proxy(seam, {
    get(target, property, receiver) {
      const value: unknown = Reflect.get(target, property, receiver)
      if (typeof value !== 'function' || typeof property === 'symbol') return value
      return (...args: unknown[]): unknown => {
        const call = calls.get(property) ?? 0
        calls.set(property, call + 1)
        const fault = plan(property, call)
        const act = (): unknown => Reflect.apply(value, target, args)
        if (fault === undefined) return act()
        if (fault.when === 'before') return eitherWay(Promise.reject(fault.error))
        if (fault.when === 'late')
          return eitherWay(new Promise<void>((resolve) => clock.at(clock.now() + fault.delayMs, resolve)).then(act))
        const answer = act()
        if (isIterable(answer)) return cut(answer, fault.items, fault.error)
        return Promise.resolve(answer).then(() => Promise.reject(fault.error))
      }
    },
  })
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Something that a caller can await or iterate: which of them is not known before the call is made. */
function eitherWay(answer: Promise<unknown>): unknown {
  const iterate = async function* (): AsyncGenerator<unknown> {
    const items = await answer
    if (isIterable(items)) yield* items
  }
  // Whoever iterates sees the failure there, and does not wait for the promise too.
  answer.catch(() => undefined)
  return Object.assign(answer, { [Symbol.asyncIterator]: iterate })
}

async function* cut(source: AsyncIterable<unknown>, items: number | undefined, error: Error): AsyncGenerator<unknown> {
  let seen = 0
  for await (const item of source) {
    if (seen === items) break
    seen++
    yield item
  }
  throw error
}
