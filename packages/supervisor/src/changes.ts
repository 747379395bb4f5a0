import type { ExecutorEvent, LaunchState } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { stateOf, type Store } from './store.ts'

/** Changes of state, numbered in the order in which they became durable. A cursor is such a number. */
export interface Changes {
  publish(executor: string, seq: number, launchId: string, state: LaunchState): void
  follow(executor: string, cursor: string | undefined, push: (event: ExecutorEvent) => void): () => void
}

export function openChanges(store: Store): Changes {
  const followers = new Set<{ executor: string; push(event: ExecutorEvent): void }>()
  return {
    publish(executor, seq, launchId, state) {
      for (const follower of followers)
        if (follower.executor === executor) follower.push({ cursor: String(seq), launchId, state })
    },
    follow(executor, cursor, push) {
      for (const event of changesAfter(store, executor, numberOf(cursor, store.head))) push(event)
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

function changesAfter(store: Store, executor: string, after: number): ExecutorEvent[] {
  const found: { seq: number; event: ExecutorEvent }[] = []
  const add = (seq: number | undefined, launchId: string, state: LaunchState) => {
    if (seq !== undefined && seq > after) found.push({ seq, event: { cursor: String(seq), launchId, state } })
  }
  for (const launch of store.launches.values()) {
    if (launch.executor !== executor) continue
    add(launch.startSeq, launch.launchId, { state: 'running', startedAt: launch.startedAt })
    add(launch.endSeq, launch.launchId, stateOf(launch))
  }
  return found.sort((a, b) => a.seq - b.seq).map(({ event }) => event)
}
