import { orAbort, SeamError, sleep, throwIfAborted } from '@seamark/kit'
import { openTurns } from '@seamark/supervisor'
import type { Engine } from './engine.ts'
import type { Launches } from './launches.ts'
import { phaseOf } from './state.ts'
import type { Watch } from './watch.ts'

/** The way to what launches read. */
export interface Input {
  /**
   * Resolves when the engine has passed all of it on. What one call sends comes whole before what the next one does.
   * Errors: those of `Executor.send`.
   */
  send(launchId: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Gives up what still waits, with `ABORTED`. */
  close(): void
}

/** What the program took just before its end is accepted all the same, where the engine says so within this. */
const LATE_MS = 500

/** Each call has a connection of its own, so nothing has to be held or found again for as long as an attempt runs. */
export function openInput(engine: Engine, launches: Launches, watch: Pick<Watch, 'version' | 'changed'>): Input {
  const turns = openTurns()
  const over = new AbortController()

  async function isRunning(launchId: string, signal: AbortSignal): Promise<boolean> {
    return phaseOf(await launches.facts(launchId, signal)) === 'running'
  }

  /** Resolves when the launch runs no more. No end of a program lets go of a connection that waits for it. */
  async function untilEnded(launchId: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const { version } = watch
      if (!(await isRunning(launchId, signal))) return
      await watch.changed(version, signal)
    }
  }

  async function pass(launchId: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    const facts = await launches.facts(launchId, signal)
    const phase = phaseOf(facts)
    if (facts === undefined || phase === 'absent' || phase === 'waiting')
      throw new SeamError('NOT_FOUND', `There is no launch ${launchId}, or it was reaped.`)
    if (phase !== 'running' || !facts.input) throw noInput()
    if (bytes.byteLength === 0) return
    const leaving = new AbortController()
    const either = AbortSignal.any([signal, leaving.signal])
    const passing = engine.port.send(facts.id, bytes, either)
    const ended = untilEnded(launchId, either).then(() => sleep(LATE_MS, either))
    try {
      const first = await Promise.race([passing.then(() => 'passed' as const), ended.then(() => 'ended' as const)])
      if (first === 'ended') throw noInput()
    } catch (error) {
      throwIfAborted(signal)
      // The engine lets go of the connection when the program ends.
      if (!(await isRunning(launchId, signal))) throw noInput()
      throw engine.meaning('Sending input', error)
    } finally {
      leaving.abort()
      // Whichever lost the race ends by that.
      void Promise.allSettled([passing, ended])
    }
  }

  return {
    send(launchId, bytes, signal) {
      const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
      // A copy: what the caller changes afterwards changes nothing.
      const mine = Uint8Array.from(bytes)
      return orAbort(
        turns.take(launchId, () => pass(launchId, mine, either)),
        either,
      )
    },
    close: () => over.abort(),
  }
}

function noInput(): SeamError {
  return new SeamError('CONFLICT', 'The launch takes no input.', {
    remedy: 'Launch with stdin "pipe" and send while it runs.',
  })
}
