import type { Checkpointer } from './checkpoints.ts'
import type { Conductor } from './conduct.ts'
import type { SealWatch } from './seal-watch.ts'
import type { Staged } from './stage.ts'
import type { Launch, State } from './state.ts'
import { taskOf } from './tasks.ts'

export interface Hands {
  readonly conductor: Conductor
  readonly checkpoints: Checkpointer
  readonly seals: SealWatch
}

/** Effects of what has become durable: launches begin, cancelled ones are stopped, ended ones cleaned up. */
export function committed({ records, ended }: Pick<Staged, 'records' | 'ended'>, state: State, hands: Hands): void {
  const { conductor, checkpoints, seals } = hands
  for (const record of records) {
    if (record.kind === 'item.launched' || record.kind === 'layer.launched') {
      const launch = state.launches.get(record.data.launchId)
      if (launch !== undefined) conductor.start(taskOf(state, launch), launch.executor, 'launch')
    } else if (record.kind === 'cancel.requested') {
      for (const launch of state.launches.values())
        if (launch.run === record.run && (record.item === undefined || itemOf(state, launch)?.id === record.item))
          conductor.stop(launch)
    } else if (record.kind === 'run.sealed') {
      seals.sealed(record.run ?? '', record.seq, record.data.status)
      checkpoints.sealed()
    }
  }
  clean(state, ended, conductor)
  if (state.unsigned) checkpoints.dirty()
}

/** Takes up what an earlier engine began: what runs is watched, what was cancelled is stopped, what ended is cleaned up. */
export function takeUp(state: State, { conductor, checkpoints }: Hands): void {
  for (const launch of state.launches.values()) {
    conductor.start(taskOf(state, launch), launch.executor, 'attach')
    if (state.runs.get(launch.run)?.canceling !== undefined || (itemOf(state, launch)?.canceling ?? false) !== false)
      conductor.stop(launch)
  }
  clean(state, state.reapable.values(), conductor)
  if (state.unsigned) checkpoints.dirty()
}

function clean(state: State, ended: Iterable<Launch>, conductor: Conductor): void {
  for (const launch of ended) conductor.clean(taskOf(state, launch), launch.executor)
}

function itemOf(state: State, launch: Launch) {
  return state.runs.get(launch.run)?.items[launch.index ?? -1]
}
