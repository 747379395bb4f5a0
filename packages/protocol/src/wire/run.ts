import type { Pause, RerunOf, RunRow } from '@seamark/core'
import { z } from 'zod'
import { count, digest, maybe } from './exact.ts'
import { budgetView } from './usage.ts'
import type { BudgetView } from './usage.ts'

/** A run, as every list, answer and `--json` document shows it. */
export interface RunView extends Omit<RunRow, 'tail'> {
  /**
   * How the budgets stand that it spends from: its own, those of its items that have spent, of its agents, principal and teams, and the
   * day's. Only where one run is asked for, and the service has it in memory.
   */
  readonly budgets?: readonly BudgetView[]
}

export const runStatus: z.ZodEnum<{ [S in RunView['status']]: S }> = z.enum([
  'running',
  'canceling',
  'succeeded',
  'failed',
  'canceled',
])

/** A pause, as every view shows it. */
export const pauseView: z.ZodType<Pause> = z
  .object({ by: z.string(), at: count.describe('Epoch milliseconds.') })
  .describe('Who paused, and when. Nothing new is launched; what runs goes on.')

const rerunOf: z.ZodType<RerunOf> = z
  .object({
    of: z.string(),
    take: maybe(z.literal('succeeded').describe('Items that succeeded there are not run again.')),
    from: maybe(z.string().describe('But for this one, and all that need it.')),
  })
  .describe('The run that it does again.')

export const runView: z.ZodType<RunView> = z.object({
  run: z.string(),
  name: maybe(z.string()),
  status: runStatus,
  seq: count.describe('Index of its `run.submitted` record in the log.'),
  plan: digest.describe('SHA-256 of the canonical JSON of the parsed plan.'),
  commit: maybe(z.string().describe('Commit that it works on.')),
  items: count,
  paused: maybe(pauseView),
  settled: z
    .object({ succeeded: count, failed: count, canceled: count, skipped: count })
    .describe('How many items have settled, by outcome.'),
  rerun: maybe(rerunOf),
  submittedBy: z.string(),
  submittedAt: count.describe('Epoch milliseconds.'),
  sealedAt: maybe(count.describe('Epoch milliseconds.')),
  budgets: maybe(z.array(budgetView).describe('Only of one run that was asked for and is not over.')),
})

export interface RunPage {
  readonly runs: readonly RunView[]
  /** Asks for the next page; absent on the last. */
  readonly cursor?: string
}

export const runPage: z.ZodType<RunPage> = z.object({ runs: z.array(runView), cursor: maybe(z.string()) })
