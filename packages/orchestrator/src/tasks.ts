import type { StepTask } from '@seamark/core'
import type { Launch, State } from './state.ts'

/** A launch as the worker sees it. Of a run that is sealed, what is needed to clean up is left. */
export function taskOf(state: State, launch: Launch): StepTask {
  const run = state.runs.get(launch.run)
  const item = run?.items[launch.index ?? -1]
  const { launchId, fence, attempt, step, inputs, layer } = launch
  return {
    ns: state.ns,
    run: launch.run,
    launchId,
    fence,
    attempt,
    step,
    workspace: run?.spec.workspace ?? { type: 'empty' },
    inputs,
    ...(run?.spec.setup && { setup: run.spec.setup }),
    ...(layer !== undefined && { layer }),
    ...(item && { item: item.spec }),
    ...(item?.product && step.startsWith('gate:') && { judged: item.product }),
    ...(step === 'main' && item?.continued),
    ...(item?.resumeFrom && step === 'main' && { resumeFrom: item.resumeFrom }),
  }
}
