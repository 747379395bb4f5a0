import type { SeamError } from '@seamark/kit'
import { orAbort, sleep, toSeamError } from '@seamark/kit'
import type { Launches } from './launches.ts'
import type { ContainerFacts } from './port.ts'
import { limitOf } from './state.ts'

/** Holds attempts to the limits that the engine does not know: time and output. Works while the service is there. */
export interface Guards {
  /** Watches over a launch that runs, from when it started. A second call does nothing. */
  watch(launchId: string, facts: ContainerFacts): void
  /** Stops watching. */
  end(launchId: string): void
  /** What keeps a limit from being watched now, other than that the engine is away; `undefined` where nothing does. */
  trouble(): SeamError | undefined
  close(): void
}

/** The longest time that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1
const AGAIN_MS = 500
/** For how long a duty that failed counts as one that fails. */
const TROUBLE_MS = 10 * AGAIN_MS

/** `notice` is told once of each thing that went wrong with a duty, which is then tried again. */
export function openGuards(launches: Launches, notice: (error: SeamError) => void): Guards {
  const watched = new Map<string, AbortController>()
  const troubles = new Map<object, { readonly error: SeamError; readonly at: number }>()

  /** Tries until it is done: nothing but the end of the launch or of this executor lifts a limit. */
  async function hold(duty: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let told = ''; ;) {
      try {
        await duty()
        break
      } catch (error) {
        if (signal.aborted) break
        const seam = toSeamError(error)
        // An engine that is away is told by every call, and by `unavailable`.
        if (seam.code !== 'UNAVAILABLE') troubles.set(duty, { error: seam, at: Date.now() })
        if (seam.message !== told) notice(seam)
        told = seam.message
      }
      // Only its signal ends a sleep early.
      await sleep(AGAIN_MS, signal).catch(() => undefined)
      if (signal.aborted) break
    }
    troubles.delete(duty)
  }

  async function watchTime(launchId: string, until: number, signal: AbortSignal): Promise<void> {
    for (let left = until - Date.now(); left > 0; left = until - Date.now())
      await sleep(Math.min(left, LONGEST_MS), signal)
    await launches.stop(launchId, 'timeout', signal)
  }

  async function watchOutput(
    launchId: string,
    started: ContainerFacts,
    limit: number,
    signal: AbortSignal,
  ): Promise<void> {
    const tail = launches.tail(started)
    while (tail !== undefined && !tail.ended) {
      if (tail.total > limit) return launches.stop(launchId, 'output', signal)
      await orAbort(tail.changed(), signal)
    }
    for (; ; await sleep(AGAIN_MS, signal)) {
      const facts = await launches.facts(launchId, signal)
      if (facts === undefined || facts.status !== 'running') return
      let bytes = 0
      for await (const piece of launches.rawPieces(facts, signal)) {
        bytes += piece.bytes.byteLength
        if (bytes > limit) return launches.stop(launchId, 'output', signal)
      }
    }
  }

  return {
    watch(launchId, facts) {
      if (watched.has(launchId)) return
      const over = new AbortController()
      const { signal } = over
      watched.set(launchId, over)
      const timeoutMs = limitOf(facts, 'timeoutMs')
      const maxOutputBytes = limitOf(facts, 'maxOutputBytes')
      if (timeoutMs !== undefined) void hold(() => watchTime(launchId, facts.startedAt + timeoutMs, signal), signal)
      if (maxOutputBytes !== undefined) void hold(() => watchOutput(launchId, facts, maxOutputBytes, signal), signal)
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
