import type { WaitingReason } from './engine.ts'
import { lockText } from './locks.ts'
import type { State } from './state.ts'
import { ownerOf } from './state.ts'

/** Why an item does not run, from the state. */
export function waitingFor(state: State, runId: string, itemId: string, frugal: boolean): WaitingReason | undefined {
  const run = state.runs.get(runId)
  const item = run?.items[run.byId.get(itemId) ?? -1]
  if (run === undefined || item === undefined) return undefined
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
        }
      )
    default:
      return undefined
  }
}

function holder(state: State, owner: string): { run: string; item: string } | undefined {
  const at = owner.indexOf('@')
  const run = owner.slice(at + 1)
  const item = state.runs.get(run)?.items[Number(owner.slice(0, at))]
  return item && { run, item: item.id }
}
