import type { Principal, RecordData } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { SeamError } from '@seamark/kit'

/** So many denials of one principal in one window have a record each; what comes after is counted. */
const ONE_BY_ONE = 10
const WINDOW_MS = 30_000

export type Denial = RecordData['command.denied']

export interface DenialsOptions {
  readonly clock: Clock
  /** Makes a record durable. */
  readonly record: (principal: Principal, denial: Denial) => Promise<void>
}

/**
 * Records denials, so that whoever is denied again and again can not fill the log: of one principal, in
 * 30 seconds, ten records and one more for each action and policy, which says how many it stands for.
 */
export interface Denials {
  /**
   * Resolves once the denial is in a durable record, its own or a counted one at the end of the window.
   * Errors: those of `record`; `UNAVAILABLE` after `close`.
   */
  readonly add: (principal: Principal, denial: Denial) => Promise<void>
  /** Hands what is counted to `record` at once and takes no more. */
  close(): void
}

interface Counted {
  readonly first: Denial
  count: number
  readonly recorded: PromiseWithResolvers<void>
}

interface Window {
  readonly principal: Principal
  alone: number
  readonly counted: Map<string, Counted>
  readonly cancel: () => void
}

export function denials({ clock, record }: DenialsOptions): Denials {
  const windows = new Map<string, Window>()
  let closed = false

  function windowOf(principal: Principal): Window {
    const key = JSON.stringify([principal.id, principal.onBehalfOf])
    let window = windows.get(key)
    if (window === undefined) {
      const cancel = clock.at(clock.now() + WINDOW_MS, () => end(key))
      window = { principal, alone: 0, counted: new Map(), cancel }
      windows.set(key, window)
    }
    return window
  }

  function end(key: string): void {
    const window = windows.get(key)
    if (window === undefined) return
    windows.delete(key)
    window.cancel()
    for (const { first, count, recorded } of window.counted.values()) {
      const denial = count === 1 ? first : { action: first.action, policy: first.policy, count }
      record(window.principal, denial).then(recorded.resolve, recorded.reject)
    }
  }

  return {
    add(principal, denial) {
      if (closed)
        return Promise.reject(new SeamError('UNAVAILABLE', 'The engine is stopping: it records no denials any more.'))
      const window = windowOf(principal)
      if (window.alone < ONE_BY_ONE) {
        window.alone++
        return record(principal, denial)
      }
      const key = JSON.stringify([denial.action, denial.policy])
      const counted = window.counted.get(key) ?? { first: denial, count: 0, recorded: Promise.withResolvers<void>() }
      window.counted.set(key, counted)
      counted.count += denial.count ?? 1
      return counted.recorded.promise
    },
    close() {
      closed = true
      for (const key of windows.keys()) end(key)
    },
  }
}
