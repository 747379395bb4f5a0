import type { SeamError } from '@seamark/kit'
import { backoffMs, orAbort, sleep } from '@seamark/kit'
import type { Engine } from './engine.ts'
import { LABEL } from './names.ts'

/** Wakes whoever waits for a change of the launches of one scope. */
export interface Watch {
  /** Starts watching, once. Does nothing after `close`. */
  open(): void
  /** Counts changes: what was true under another number may not be any more. */
  readonly version: number
  /** Resolves when the number is another one than this. */
  changed(version: number, signal?: AbortSignal): Promise<void>
  close(): void
}

/**
 * `resync` runs whenever changes may have been missed: at the beginning, and when the engine is back. `notice` is told what
 * else goes wrong than that the engine is away; it is tried again.
 */
export function openWatch(
  engine: Pick<Engine, 'call' | 'meaning' | 'forget'>,
  scope: string,
  resync: () => Promise<void>,
  notice: (error: SeamError) => void,
): Watch {
  const over = new AbortController()
  let version = 0
  let waiting = Promise.withResolvers<void>()
  let opened = false

  function wake(): void {
    version++
    waiting.resolve()
    waiting = Promise.withResolvers()
  }

  async function follow(): Promise<void> {
    for (let failures = 0; !over.signal.aborted; failures++) {
      try {
        const changes = await engine.call('Watching the engine', (port) =>
          port.changes(`${LABEL.scope}=${scope}`, over.signal),
        )
        await resync()
        failures = 0
        wake()
        for await (const _ of changes) wake()
      } catch (error) {
        if (over.signal.aborted) return
        const meant = engine.meaning('Watching the engine', error)
        // An engine that is away is told by every call to its caller; here it is waited for.
        if (meant.code !== 'UNAVAILABLE') notice(meant)
      }
      if (over.signal.aborted) return
      // It may be another engine that comes back.
      engine.forget()
      // Only its signal ends a sleep early, and then the loop ends.
      await sleep(backoffMs(failures, 100, 5000, Math.random()), over.signal).catch(() => undefined)
    }
  }

  return {
    open() {
      if (opened || over.signal.aborted) return
      opened = true
      void follow()
    },
    get version() {
      return version
    },
    changed: async (since, signal) => (version === since ? orAbort(waiting.promise, signal) : undefined),
    close: () => over.abort(),
  }
}
