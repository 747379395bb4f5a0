import type { TokenCounts, UsageAmount } from '@seamark/core'
import type { UsageView } from '@seamark/protocol'

/** What calls came to over several days. */
export interface UsageSum {
  readonly run?: string
  readonly item?: string
  readonly agent?: string
  readonly principal?: string
  readonly team?: string
  readonly provider?: string
  readonly model?: string
  readonly calls: number
  readonly assumed: number
  readonly charged: UsageAmount
  readonly excess: UsageAmount
  readonly tokens: TokenCounts
}

const NONE: UsageSum = {
  calls: 0,
  assumed: 0,
  charged: { tokens: 0, nanoUsd: 0 },
  excess: { tokens: 0, nanoUsd: 0 },
  tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
}

/** The rows of each item, run, agent, principal, team or model together, what cost most first, and all of them. */
export async function sumUsage(
  rows: AsyncIterable<UsageView>,
): Promise<{ readonly usage: readonly UsageSum[]; readonly total: UsageSum }> {
  const sums = new Map<string, UsageSum>()
  let total = NONE
  for await (const { by: _, day: __, ...row } of rows) {
    const { run, item, agent, principal, team, provider, model } = row
    const key = JSON.stringify([run, item, agent, principal, team, provider, model])
    const before = sums.get(key)
    sums.set(key, before === undefined ? row : added(before, row))
    total = added(total, row)
  }
  const usage = [...sums.values()].toSorted(
    (a, b) => b.charged.nanoUsd - a.charged.nanoUsd || b.charged.tokens - a.charged.tokens,
  )
  return { usage, total }
}

function added(a: UsageSum, b: UsageSum): UsageSum {
  return {
    ...a,
    calls: plus(a.calls, b.calls),
    assumed: plus(a.assumed, b.assumed),
    charged: amounts(a.charged, b.charged),
    excess: amounts(a.excess, b.excess),
    tokens: {
      input: plus(a.tokens.input, b.tokens.input),
      output: plus(a.tokens.output, b.tokens.output),
      cacheRead: plus(a.tokens.cacheRead, b.tokens.cacheRead),
      cacheWrite5m: plus(a.tokens.cacheWrite5m, b.tokens.cacheWrite5m),
      cacheWrite1h: plus(a.tokens.cacheWrite1h, b.tokens.cacheWrite1h),
      reasoning: plus(a.tokens.reasoning, b.tokens.reasoning),
    },
  }
}

function amounts(a: UsageAmount, b: UsageAmount): UsageAmount {
  return { tokens: plus(a.tokens, b.tokens), nanoUsd: plus(a.nanoUsd, b.nanoUsd) }
}

function plus(a: number, b: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, a + b)
}
