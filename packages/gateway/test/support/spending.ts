import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PricedModel, SpendLimits, UsagePort, UsageReport } from '@seamark/core'
import { budgetState, foldBudget, reserve, settle, type BudgetEvent } from '@seamark/metering'

const account = 'run:r1'
const vectors = join(import.meta.dirname, '../../../metering/test/vectors')

/** An answer that was recorded. */
export const recorded = (name: string): Buffer => readFileSync(join(vectors, `${name}.body`))

/** A dollar is a thousand million; a token in costs 1,000 and one out 5,000. */
export const PRICED: PricedModel = {
  provider: 'anthropic',
  model: 'priced',
  prices: [
    {
      from: '2026-01-01',
      source: 'https://prices.example/',
      nanoUsdPerToken: { input: 1_000, output: 5_000, cacheRead: 100, cacheWrite5m: 1_250, cacheWrite1h: 2_000 },
    },
  ],
}

export interface Spending {
  readonly usage: UsagePort
  readonly events: BudgetEvent[]
  /** What calls came to, as it was said. */
  readonly reports: UsageReport[]
  /** Of what is settled and reserved at any time, the most. */
  readonly most: () => number
  readonly settled: () => { readonly tokens: number; readonly nanoUsd: number }
  readonly reserved: () => { readonly tokens: number; readonly nanoUsd: number }
  /** What `reserve` and `settle` wait for before they are durable. */
  before: { reserve: () => Promise<void>; settle: () => Promise<void> }
}

/** A budget of one account, as an engine keeps it. */
export function spending(limits: SpendLimits): Spending {
  const state = budgetState()
  const events: BudgetEvent[] = []
  const reports: UsageReport[] = []
  let most = 0
  const of = () => state.accounts.get(account) ?? { settled: NONE, reserved: NONE }
  const fold = (event: BudgetEvent | undefined): void => {
    if (event === undefined) return
    foldBudget(state, event)
    events.push(event)
    most = Math.max(most, of().settled.nanoUsd + of().reserved.nanoUsd)
  }
  foldBudget(state, { kind: 'budget.set', account, limits })
  const made: Spending = {
    events,
    reports,
    most: () => most,
    settled: () => of().settled,
    reserved: () => of().reserved,
    before: { reserve: () => Promise.resolve(), settle: () => Promise.resolve() },
    usage: {
      async reserve({ id, worst }) {
        await made.before.reserve()
        const result = reserve(state, { id, accounts: [account], worst })
        if (result.ok) fold(result.event)
        await new Promise((done) => setImmediate(done))
        if (result.ok) return { ok: true }
        const { code, of: measure, room } = result
        return { ok: false, code, account, of: measure, room }
      },
      async settle(id, report) {
        await made.before.settle()
        reports.push(report)
        fold(settle(state, id, report.as === 'used' ? report.amount : 'reserved'))
      },
    },
  }
  return made
}

const NONE = { tokens: 0, nanoUsd: 0 }
