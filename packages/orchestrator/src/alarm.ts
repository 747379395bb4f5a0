import type { Clock } from '@seamark/kit'

/** Rings at one time, which can be changed. */
export interface Alarm {
  /** Epoch milliseconds, instead of what was set before; `undefined` for never. */
  set(at: number | undefined): void
}

/** An alarm that is not set. After it has rung it is not set any more. */
export function alarm(clock: Clock, ring: () => void): Alarm {
  let waiting: { readonly at: number; readonly cancel: () => void } | undefined

  function rung(): void {
    waiting = undefined
    ring()
  }

  return {
    set(at) {
      if (at === waiting?.at) return
      waiting?.cancel()
      waiting = at === undefined ? undefined : { at, cancel: clock.at(at, rung) }
    },
  }
}
