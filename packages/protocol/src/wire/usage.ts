import type { BudgetAccount, SpendLimits, SpentBudget, TokenCounts, UsageAmount, UsageRow } from '@seamark/core'
import { z } from 'zod'
import { count, maybe } from './exact.ts'

const amount: z.ZodType<UsageAmount> = z.object({
  tokens: count,
  nanoUsd: count.describe('Thousand-millionths of a US dollar.'),
})
const limits: z.ZodType<SpendLimits> = z.object({ tokens: maybe(count), nanoUsd: maybe(count) })
const measure: z.ZodType<keyof UsageAmount> = z.enum(['tokens', 'nanoUsd'])
const account: z.ZodType<BudgetAccount> = z
  .custom<BudgetAccount>((text) => typeof text === 'string' && /^(?:item|run|agent|principal|team|day):./s.test(text))
  .meta({
    type: 'string',
    description: '`item:RUN/ITEM`, `run:RUN`, `agent:NAME`, `principal:ID`, `team:NAME` or `day:2026-11-22` (UTC).',
  })

/** The budget that an item waits for. */
export const spentBudget: z.ZodType<SpentBudget> = z.object({
  account,
  of: measure,
  room: count.describe('What was left when the call was refused.'),
  wanted: maybe(count.describe('What the call could have come to.')),
})

/** A budget that has a limit, and what is spent of it. */
export interface BudgetView {
  readonly account: BudgetAccount
  readonly limits: SpendLimits
  readonly settled: UsageAmount
  /** Taken for calls that are under way. */
  readonly reserved: UsageAmount
  /** Used beyond what was reserved; it takes from what is left. */
  readonly excess: UsageAmount
  /** The limits of which 80 % are spent. */
  readonly warned: readonly (keyof UsageAmount)[]
}

export const budgetView: z.ZodType<BudgetView> = z.object({
  account,
  limits,
  settled: amount,
  reserved: amount.describe('Taken for calls that are under way.'),
  excess: amount.describe('Used beyond what was reserved; it takes from what is left.'),
  warned: z.array(measure).describe('The limits of which 80 % are spent.'),
})

const tokens: z.ZodType<TokenCounts> = z.object({
  input: count,
  output: count,
  cacheRead: count,
  cacheWrite5m: count,
  cacheWrite1h: count,
  reasoning: count.describe('A part of `output`.'),
})

export const usageBy: z.ZodType<UsageRow['by']> = z.enum(['item', 'run', 'agent', 'principal', 'team', 'model'])

/** What the settled calls of one day came to, of one item, run, agent, principal, team or model. */
export type UsageView = Omit<UsageRow, 'index'>

export const usageView: z.ZodType<UsageView> = z.object({
  by: usageBy,
  day: z.string().describe('Such as `2026-11-22`, UTC: when the calls were settled.'),
  run: maybe(z.string()),
  item: maybe(z.string()),
  agent: maybe(z.string()),
  principal: maybe(z.string()),
  team: maybe(z.string()),
  provider: maybe(z.string()),
  model: maybe(z.string()),
  calls: count,
  assumed: count.describe('Calls that were charged what was reserved, since their answer did not say what they used.'),
  charged: amount,
  excess: amount.describe('Used beyond what was reserved and the budgets had room for.'),
  tokens: tokens.describe('Of the calls whose answer said.'),
})

export interface UsagePage {
  readonly usage: readonly UsageView[]
  /** Asks for the next page; absent on the last. */
  readonly cursor?: string
}

export const usagePage: z.ZodType<UsagePage> = z.object({ usage: z.array(usageView), cursor: maybe(z.string()) })
