import type { Executor, LaunchState } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, hasCode, sleep, toSeamError } from '@seamark/kit'

/** The end of a launch. */
export type Ended = Extract<LaunchState, { state: 'exited' | 'lost' }>

/** Waits for the ends of launches on one executor through its one stream of events. */
export interface Exits {
  /** Resolves when the launch has ended; the same promise for the same launch. */
  wait(launchId: string): Promise<Ended>
  /** Takes note of a state learned in another way. */
  learned(launchId: string, state: LaunchState): void
  forget(launchId: string): void
  close(): void
}

export function watchExits(executor: Executor, clock: Clock, notice: (error: Error) => void): Exits {
  const waiting = new Map<string, { readonly promise: Promise<Ended>; readonly resolve: (ended: Ended) => void }>()
  const closed = new AbortController()

  function learned(launchId: string, state: LaunchState): void {
    if (state.state === 'exited' || state.state === 'lost') waiting.get(launchId)?.resolve(state)
  }

  async function follow(): Promise<void> {
    const { signal } = closed
    let cursor: string | undefined
    for (let failures = 0; !signal.aborted;) {
      try {
        for await (const event of executor.events(cursor, { signal })) {
          failures = 0
          cursor = event.cursor
          learned(event.launchId, event.state)
        }
      } catch (error) {
        if (closed.signal.aborted) return
        notice(toSeamError(error))
        // A cursor that the executor no longer knows would fail for ever.
        if (hasCode(error, 'INVALID_INPUT')) cursor = undefined
      }
      // It rejects when this is closed, which ends the loop.
      await sleep(backoffMs(failures++, 100, 5_000, 0.5), signal, clock).catch(() => undefined)
      // Whatever ended while nobody listened.
      for (const launchId of waiting.keys()) {
        if (signal.aborted) return
        await executor.attach(launchId, { signal }).then(
          (state) => learned(launchId, state),
          (error: unknown) => notice(toSeamError(error)),
        )
      }
    }
  }
  void follow()

  return {
    wait(launchId) {
      let entry = waiting.get(launchId)
      if (entry === undefined) {
        const { promise, resolve } = Promise.withResolvers<Ended>()
        entry = { promise, resolve }
        waiting.set(launchId, entry)
      }
      return entry.promise
    },
    learned,
    forget: (launchId) => void waiting.delete(launchId),
    close: () => closed.abort(),
  }
}
