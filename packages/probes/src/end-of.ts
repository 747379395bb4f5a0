import type { Executor, Exit } from '@seamark/core'
import { SeamError, sleep } from '@seamark/kit'

/** How a launch ended, once it has. Errors: `UNAVAILABLE` where that can not be known; `ABORTED`; those of `attach`. */
export async function endOf(executor: Executor, id: string, signal: AbortSignal | undefined): Promise<Exit> {
  for (;;) {
    const state = await executor.attach(id, signal === undefined ? {} : { signal })
    if (state.state === 'exited') return state.exit
    if (state.state !== 'running') throw new SeamError('UNAVAILABLE', `The probe is ${state.state}.`)
    await sleep(20, signal)
  }
}
