import { orAbort, sleep } from '@seamark/kit'
import type { Launches } from './launches.ts'
import type { ContainerFacts } from './port.ts'
import { limitOf, type StopReason } from './state.ts'

/** Holds attempts to the limits that the engine does not know: time and output. Works while the service is there. */
export interface Guards {
  /** Watches over a launch that runs, from when it started. A second call does nothing. */
  watch(launchId: string, facts: ContainerFacts): void
  /** Stops watching. */
  end(launchId: string): void
  close(): void
}

/** The longest time that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1
const AGAIN_MS = 500

export function openGuards(launches: Launches): Guards {
  const watched = new Map<string, AbortController>()

  /** Tries until it is done: an engine that is away for a moment does not lift a limit. */
  async function stop(launchId: string, reason: StopReason, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return await launches.stop(launchId, reason, signal)
      } catch {
        await sleep(AGAIN_MS, signal)
      }
    }
  }

  async function watchTime(launchId: string, until: number, signal: AbortSignal): Promise<void> {
    for (let left = until - Date.now(); left > 0; left = until - Date.now())
      await sleep(Math.min(left, LONGEST_MS), signal)
    await stop(launchId, 'timeout', signal)
  }

  async function watchOutput(
    launchId: string,
    started: ContainerFacts,
    limit: number,
    signal: AbortSignal,
  ): Promise<void> {
    const tail = launches.tail(started)
    while (tail !== undefined && !tail.ended) {
      if (tail.total > limit) return stop(launchId, 'output', signal)
      await orAbort(tail.changed(), signal)
    }
    for (;;) {
      try {
        const facts = await launches.facts(launchId, signal)
        if (facts === undefined || facts.status !== 'running') return
        let bytes = 0
        for await (const piece of launches.rawPieces(facts, signal)) {
          bytes += piece.bytes.byteLength
          if (bytes > limit) return await stop(launchId, 'output', signal)
        }
      } catch {
        // Away for a moment: counted anew when it is back.
      }
      await sleep(AGAIN_MS, signal)
    }
  }

  return {
    watch(launchId, facts) {
      if (watched.has(launchId)) return
      const over = new AbortController()
      watched.set(launchId, over)
      const timeoutMs = limitOf(facts, 'timeoutMs')
      const maxOutputBytes = limitOf(facts, 'maxOutputBytes')
      const duties = [
        ...(timeoutMs === undefined ? [] : [watchTime(launchId, facts.startedAt + timeoutMs, over.signal)]),
        ...(maxOutputBytes === undefined ? [] : [watchOutput(launchId, facts, maxOutputBytes, over.signal)]),
      ]
      // What ends a duty is the end of the launch or of this executor.
      for (const duty of duties) duty.catch(() => undefined)
    },
    end(launchId) {
      watched.get(launchId)?.abort()
      watched.delete(launchId)
    },
    close() {
      for (const over of watched.values()) over.abort()
      watched.clear()
    },
  }
}
