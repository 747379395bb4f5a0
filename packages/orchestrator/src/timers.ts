import type { Item, Layer, Parked, Run, State, Timer } from './state.ts'
import { ownerOf } from './state.ts'

/** What becomes due while an item is parked. `unlock` only where it holds locks and would not resume before. */
export function timersOf(state: State, run: string, item: Item, parked: Parked): readonly Timer[] {
  const { token, resumeAt, expiresAt, locksUntil } = parked
  const about = { run, index: item.index, token }
  const timers: Timer[] = []
  if (resumeAt !== undefined) timers.push({ at: resumeAt, type: 'resume', ...about })
  if (expiresAt !== undefined) timers.push({ at: expiresAt, type: 'expire', ...about })
  if ((resumeAt === undefined || locksUntil < resumeAt) && state.locks.has(ownerOf(run, item.index)))
    timers.push({ at: locksUntil, type: 'unlock', ...about })
  return timers
}

/** The moment from which a layer may be built again, where it has to wait. */
export function retryOf({ digest, retryAt }: Pick<Layer, 'digest' | 'retryAt'>): readonly Timer[] {
  return retryAt === undefined ? [] : [{ at: retryAt, type: 'layer', layer: digest }]
}

/** The moment at which a run is out of time, where it has one. */
export function deadlineOf(run: Run): readonly Timer[] {
  return run.deadline === undefined ? [] : [{ at: run.deadline, type: 'deadline', run: run.id }]
}

/** Whether a timer still means something: its run may have ended, its item may have been resumed another way. */
export function applies(state: State, timer: Timer): boolean {
  if (timer.type === 'layer') return state.layers.get(timer.layer)?.retryAt === timer.at
  const run = state.runs.get(timer.run)
  if (run === undefined) return false
  if (timer.type === 'deadline') return run.canceling === undefined
  const item = run.items[timer.index]
  if (item?.parked === undefined || item.parked.token !== timer.token) return false
  return timer.type !== 'unlock' || state.locks.has(ownerOf(run.id, item.index))
}

/** Drops timers that mean nothing any more: those in front, and all of them once they are many. Amortised O(log n). */
export function tidyTimers(state: State, keptBefore: number): number {
  const { timers } = state
  for (let first = timers.peek(); first !== undefined && !applies(state, first); first = timers.peek()) timers.pop()
  if (timers.size < 1_024 || timers.size < 2 * keptBefore) return keptBefore
  timers.keep((timer) => applies(state, timer))
  return timers.size
}
