import { MODEL_SERVER_LIMITS } from './limits.ts'
import type { ModelProblem } from './problem.ts'
import type { ModelScript, Turn } from './script.ts'

/** One conversation and how far it is. */
export interface Conversation {
  readonly name: string
  /** The turn that comes next, and its index. */
  next(): { readonly turn: Turn; readonly index: number } | undefined
  /** Uses the next turn up, once. */
  use(): void
  /** Counts answers from 1. */
  count(): number
}

export interface Conversations {
  /** `undefined` where the script has no such conversation, or there are too many. */
  find(name: string): Conversation | undefined
  /** The turns that nothing asked for. */
  unused(): readonly ModelProblem[]
}

function conversation(name: string, turns: readonly Turn[]): Conversation & { left(): string | undefined } {
  let index = 0
  let used = 0
  let answers = 0
  return {
    name,
    next() {
      const turn = turns[index]
      return turn === undefined ? undefined : { turn, index }
    },
    use() {
      const times = turns[index]?.times ?? 1
      used += 1
      if (times === 'unlimited' || used < times) return
      index += 1
      used = 0
    },
    count: () => (answers += 1),
    left() {
      const turn = turns[index]
      if (turn === undefined || turn.times === 'unlimited') return undefined
      return `turn ${index} of ${turns.length} was used ${used} of ${turn.times ?? 1} times, and none after it`
    },
  }
}

/** The conversations of a script. Each that has no turns of its own has those of the script. */
export function conversations(script: ModelScript): Conversations {
  const own = new Map(Object.entries(script.conversations ?? {}))
  const open = new Map<string, ReturnType<typeof conversation>>()
  const start = (name: string, turns: readonly Turn[]): ReturnType<typeof conversation> => {
    const made = conversation(name, turns)
    open.set(name, made)
    return made
  }
  for (const [name, { turns }] of own) start(name, turns)
  return {
    find(name) {
      const found = open.get(name)
      if (found !== undefined) return found
      const shared = script.turns ?? (own.size === 0 ? [] : undefined)
      if (shared === undefined || open.size >= MODEL_SERVER_LIMITS.conversations) return undefined
      return start(name, shared)
    },
    unused() {
      // Shared turns that no conversation began are those of the one that has no name.
      if (script.turns !== undefined && open.size === own.size && !open.has('default')) start('default', script.turns)
      return [...open.values()].flatMap((one) => {
        const message = one.left()
        return message === undefined ? [] : [{ check: 'unused' as const, message, conversation: one.name }]
      })
    },
  }
}
