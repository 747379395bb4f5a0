import type { ExecutorEvent, LaunchState } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { stateOf, type Store } from './store.ts'

/**
 * Changes of state, told in the order of their numbers, in which they became durable. A cursor is such
 * a number. Work on different launches is done side by side, so each change has its turn reserved.
 */
export interface Changes {
  /** Keeps the turn of a change that is written but not told yet. */
  reserve(seq: number): void
  /** Tells a reserved change, or with no state that there is none, as soon as those before it are told. */
  tell(seq: number, executor: string, launchId: string, state: LaunchState | undefined): void
  follow(executor: string, cursor: string | undefined, push: (event: ExecutorEvent) => void): () => void
}

interface Turn {
  readonly seq: number
  readonly change?: { readonly executor: string; readonly event: ExecutorEvent } | 'none'
}

export function openChanges(store: Store): Changes {
  const followers = new Set<{ executor: string; push: (event: ExecutorEvent) => void }>()
  const turns: Turn[] = []
  return {
    reserve: (seq) => void turns.push({ seq }),
    tell(seq, executor, launchId, state) {
      const change = state === undefined ? 'none' : { executor, event: { cursor: String(seq), launchId, state } }
      turns[turns.findIndex((turn) => turn.seq === seq)] = { seq, change }
      while (turns[0]?.change !== undefined) {
        const told = turns.shift()?.change
        if (told === undefined || told === 'none') continue
        for (const follower of followers) if (follower.executor === told.executor) follower.push(told.event)
      }
    },
    follow(executor, cursor, push) {
      // What is not told yet comes in its turn.
      const before = turns[0]?.seq ?? Infinity
      for (const event of changesBetween(store, executor, numberOf(cursor, store.head), before)) push(event)
      const follower = { executor, push }
      followers.add(follower)
      return () => void followers.delete(follower)
    },
  }
}

function numberOf(cursor: string | undefined, head: number): number {
  if (cursor === undefined) return 0
  if (!/^\d{1,15}$/.test(cursor)) throw new SeamError('INVALID_INPUT', 'The cursor is not one that this executor gave.')
  // A cursor of a state that is no more: everything is new to its owner.
  return Number(cursor) > head ? 0 : Number(cursor)
}

function changesBetween(store: Store, executor: string, after: number, before: number): ExecutorEvent[] {
  const found: { seq: number; event: ExecutorEvent }[] = []
  const add = (seq: number | undefined, launchId: string, state: LaunchState) => {
    if (seq !== undefined && seq > after && seq < before)
      found.push({ seq, event: { cursor: String(seq), launchId, state } })
  }
  for (const launch of store.launches.values()) {
    if (launch.executor !== executor) continue
    add(launch.startSeq, launch.launchId, { state: 'running', startedAt: launch.startedAt })
    add(launch.endSeq, launch.launchId, stateOf(launch))
  }
  return found.sort((a, b) => a.seq - b.seq).map(({ event }) => event)
}
