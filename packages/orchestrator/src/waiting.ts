import type { WaitingReason } from './engine.ts'
import { lockText } from './locks.ts'
import type { Item, Run, State } from './state.ts'
import { ownerOf, refusedGate } from './state.ts'

/** Why an item does not run, from the state. */
export function waitingFor(state: State, runId: string, itemId: string, frugal: boolean): WaitingReason | undefined {
  const run = state.runs.get(runId)
  const item = run?.items[run.byId.get(itemId) ?? -1]
  if (run === undefined || item === undefined) return undefined
  const paused = pausedBy(state, run, item)
  if (paused !== undefined) return paused
  switch (item.phase) {
    case 'pending': {
      const open = item.spec.needs.map(({ from }) => run.items[from]).filter((needed) => needed?.phase !== 'settled')
      return { for: 'needs', items: open.slice(0, 100).map((needed) => needed?.id ?? '') }
    }
    case 'setup':
      return { for: 'setup', layer: run.layers[item.spec.executor]?.digest ?? '' }
    case 'lined': {
      const blocker = state.locks.blocker(ownerOf(runId, item.index))
      const heldBy = blocker?.heldBy === undefined ? undefined : holder(state, blocker.heldBy)
      return { for: 'lock', lock: blocker === undefined ? '' : lockText(blocker.lock), ...(heldBy && { heldBy }) }
    }
    case 'queued':
      return frugal ? { for: 'disk' } : { for: 'queue', queue: item.spec.queue }
    case 'parked':
      return (
        item.parked && {
          for: 'parked',
          reason: item.parked.reason,
          token: item.parked.token,
          ...(item.parked.resumeAt !== undefined && { resumeAt: item.parked.resumeAt }),
          ...(item.parked.question && { question: item.parked.question }),
          ...(item.parked.budget && { budget: item.parked.budget }),
          ...(item.parked.detail !== undefined && { detail: item.parked.detail }),
        }
      )
    default:
      return undefined
  }
}

/** The pause that keeps an item which is ready, and whose attempt has not begun, from being launched. */
function pausedBy(state: State, run: Run, item: Item): WaitingReason | undefined {
  if (refusedGate(item) !== undefined) return undefined
  const building = state.layers.get(run.layers[item.spec.executor]?.digest ?? '')?.launch !== undefined
  const ready = item.phase === 'held' || item.phase === 'queued' || item.phase === 'lined'
  if (!ready && (item.phase !== 'setup' || building)) return undefined
  if (run.paused !== undefined) return { for: 'pause', of: 'run', ...run.paused }
  return state.paused && { for: 'pause', of: 'service', ...state.paused }
}

function holder(state: State, owner: string): { run: string; item: string } | undefined {
  const at = owner.indexOf('@')
  const run = owner.slice(at + 1)
  const item = state.runs.get(run)?.items[Number(owner.slice(0, at))]
  return item && { run, item: item.id }
}
