import type { SeamError } from '@seamark/kit'
import { sleep, toSeamError } from '@seamark/kit'
import type { Companions } from './companions.ts'
import { dutiesOf, type Duty } from './duties.ts'
import type { Launches } from './launches.ts'
import type { ContainerFacts } from './port.ts'

/** Holds attempts to the limits that the engine does not hold. Works while the service is there. */
export interface Guards {
  /** Watches over a launch that runs, from when it started. A second call does nothing. */
  watch(launchId: string, facts: ContainerFacts): void
  /** Stops watching. */
  end(launchId: string): void
  /** What keeps a limit from being watched now, other than that the engine is away; `undefined` where nothing does. */
  trouble(): SeamError | undefined
  close(): void
}

const AGAIN_MS = 500
/** For how long a duty that failed counts as one that fails. */
const TROUBLE_MS = 10 * AGAIN_MS
/** What can not be watched is not held, so it does not go on for longer than so many tries in a row. */
const MOST_FAILURES = 20

/** `notice` is told once of each thing that went wrong with a duty, which is then tried again. */
export function openGuards(launches: Launches, companions: Companions, notice: (error: SeamError) => void): Guards {
  const watched = new Map<string, AbortController>()
  const troubles = new Map<Duty, { readonly error: SeamError; readonly at: number }>()

  /** Tries until it is done: nothing but the end of the launch or of this executor lifts a limit. */
  async function hold(launchId: string, duty: Duty, signal: AbortSignal): Promise<void> {
    let told = ''
    let failures = 0
    for (;;) {
      const begun = Date.now()
      try {
        if (failures < MOST_FAILURES) await duty(signal)
        else await launches.stop(launchId, 'killed', signal)
        break
      } catch (error) {
        if (signal.aborted) break
        const seam = toSeamError(error)
        // An engine that is away is told by every call, and by `unavailable`. It ends nothing, so nothing is ended for it.
        if (seam.code !== 'UNAVAILABLE') {
          failures = Date.now() - begun < TROUBLE_MS ? failures + 1 : 1
          troubles.set(duty, { error: seam, at: Date.now() })
        }
        if (seam.message !== told) notice(seam)
        told = seam.message
      }
      // Only its signal ends a sleep early.
      await sleep(AGAIN_MS, signal).catch(() => undefined)
      if (signal.aborted) break
    }
    troubles.delete(duty)
  }

  return {
    watch(launchId, facts) {
      if (watched.has(launchId)) return
      const over = new AbortController()
      watched.set(launchId, over)
      for (const duty of dutiesOf(launches, companions, launchId, facts)) void hold(launchId, duty, over.signal)
    },
    end(launchId) {
      watched.get(launchId)?.abort()
      watched.delete(launchId)
    },
    trouble: () => [...troubles.values()].find(({ at }) => Date.now() - at < TROUBLE_MS)?.error,
    close() {
      for (const over of watched.values()) over.abort()
      watched.clear()
    },
  }
}
