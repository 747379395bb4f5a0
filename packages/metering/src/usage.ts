import { addTokens, NO_TOKENS } from './tokens.ts'
import type { Tokens } from './tokens.ts'

/** One call that was settled. */
export interface UsageEntry {
  readonly run: string
  /** Unique within the run. */
  readonly item: string
  /** Absent where the item runs a command. */
  readonly agent?: string
  readonly principal: string
  /** What the answer said; absent where it settled at what was reserved. */
  readonly tokens?: Tokens
  /** What was charged, in thousand-millionths of a dollar. */
  readonly nanoUsd: number
}

export interface UsageSum {
  readonly calls: number
  /** Calls that settled at what was reserved: their tokens are not in the sum. */
  readonly reservedCalls: number
  readonly tokens: Tokens
  readonly nanoUsd: bigint
}

export type UsageKind = 'item' | 'run' | 'agent' | 'principal'

/** Sums of usage. Mutable. */
export interface UsageSums {
  add(entry: UsageEntry): void
  /** By id. An item's is its run's id, `/` and its own. */
  by(kind: UsageKind): ReadonlyMap<string, UsageSum>
}

const NONE: UsageSum = { calls: 0, reservedCalls: 0, tokens: NO_TOKENS, nanoUsd: 0n }

/** Sums usage by item, run, agent and principal, exactly. */
export function usageSums(): UsageSums {
  const sums: Readonly<Record<UsageKind, Map<string, UsageSum>>> = {
    item: new Map(),
    run: new Map(),
    agent: new Map(),
    principal: new Map(),
  }
  return {
    add(entry) {
      const ids = { item: `${entry.run}/${entry.item}`, run: entry.run, agent: entry.agent, principal: entry.principal }
      for (const kind of ['item', 'run', 'agent', 'principal'] as const) {
        const id = ids[kind]
        if (id === undefined) continue
        const sum = sums[kind].get(id) ?? NONE
        sums[kind].set(id, {
          calls: sum.calls + 1,
          reservedCalls: sum.reservedCalls + (entry.tokens === undefined ? 1 : 0),
          tokens: addTokens(sum.tokens, entry.tokens ?? NO_TOKENS),
          nanoUsd: sum.nanoUsd + BigInt(entry.nanoUsd),
        })
      }
    },
    by: (kind) => sums[kind],
  }
}
