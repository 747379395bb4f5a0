import type { AgentActivity } from './activity.ts'
import type { LeftProcesses, RefusedWrites } from './executor.ts'
import type { SummarizedOutput } from './output-summary.ts'
import type { Product } from './product.ts'
import type { ItemOutcome, ParkReason, RunOutcome } from './record.ts'
import type { RerunOf } from './rerun-records.ts'
import type { CallOptions, Seam } from './seam.ts'
import type { BudgetAccount, TokenCounts, UsageAmount } from './usage.ts'

/** Who paused, and when. */
export interface Pause {
  /** The principal. */
  readonly by: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** A run as a list shows it. */
export interface RunRow {
  readonly run: string
  readonly name?: string
  readonly status: 'running' | 'canceling' | RunOutcome
  /** `seq` of its `run.submitted`. */
  readonly seq: number
  readonly plan: string
  /** Repository commit that it works on. */
  readonly commit?: string
  readonly items: number
  /** Nothing new of it is launched. Absent where it is not paused, and once it is sealed. */
  readonly paused?: Pause
  /** How many items have settled, by outcome. */
  readonly settled: {
    readonly succeeded: number
    readonly failed: number
    readonly canceled: number
    readonly skipped: number
  }
  /** The run that it does again. */
  readonly rerun?: RerunOf
  readonly submittedBy: string
  /** Epoch milliseconds. */
  readonly submittedAt: number
  readonly sealedAt?: number
  /** `runSeq` and leaf hash of its newest record, and the next segment, for what comes after the seal. */
  readonly tail?: { readonly runSeq: number; readonly leaf: string; readonly segment: number }
}

/** The budget that an item waits for. */
export interface SpentBudget {
  readonly account: BudgetAccount
  readonly of: keyof UsageAmount
  /** What was left when the call was refused. */
  readonly room: number
  /** What the call could have come to. */
  readonly wanted?: number
}

/** Requests of a program that its way out refused. */
export interface RefusedRequests {
  /** How many, as the records of the decisions count them. */
  readonly count: number
  /** Different words of why, as those records have them, in the order of the first of each; at most 8. */
  readonly reasons: readonly string[]
}

/** An item as a list shows it. */
export interface ItemRow {
  readonly run: string
  readonly index: number
  readonly item: string
  readonly status: 'waiting' | 'running' | 'parked' | ItemOutcome
  readonly attempt: number
  /** Why it settled, or why its newest attempt ended so. */
  readonly reason?: string
  /** More about `reason`, for a person: what is missing, where a secret is. */
  readonly detail?: string
  readonly parked?: {
    readonly reason: ParkReason
    readonly token: string
    readonly resumeAt?: number
    readonly budget?: SpentBudget
    /** What is away, and what brings it back. */
    readonly detail?: string
  }
  /** Product of the attempt that counts. */
  readonly product?: Product
  /** Where the main step of the newest attempt left some. */
  readonly left?: LeftProcesses
  /** Where the main step of the newest attempt tried some. */
  readonly refusedWrites?: RefusedWrites
  /** Where the newest attempt, its gates included, made some, once it has ended. */
  readonly refusedRequests?: RefusedRequests
  /** Of the newest attempt, once its main step has ended. */
  readonly activity?: AgentActivity
  /** What outputs with a kind say that the newest attempt left, whether it succeeded or not. */
  readonly summaries?: readonly SummarizedOutput[]
  readonly startedAt?: number
  readonly endedAt?: number
  /** Executor of the newest attempt. */
  readonly executor?: string
}

/** What usage is counted by. */
export type UsageBy = 'item' | 'run' | 'agent' | 'principal' | 'team' | 'model'

/**
 * What the settled calls of one day (UTC) came to, of one item, run, agent, principal, team or model. A call is in the row of
 * each team that it counts against. Sums stop at 2^53-1. Once a day is over its rows never change.
 */
export interface UsageRow {
  readonly by: UsageBy
  /** Such as `2026-11-22`, UTC: when the calls were settled. */
  readonly day: string
  /** Counts the rows of a day and kind from 0. */
  readonly index: number
  /** Of `item` and `run`. */
  readonly run?: string
  /** Of `item`. */
  readonly item?: string
  /** Of `agent`. */
  readonly agent?: string
  /** Of `principal`. */
  readonly principal?: string
  /** Of `team`. */
  readonly team?: string
  /** Of `model`; `other` in both where a day had more than 1,000 models before. */
  readonly provider?: string
  readonly model?: string
  /** Those that were charged: not what was never sent, nor what the API refused. */
  readonly calls: number
  /** How many of them were charged what was reserved, since their answer did not say what they used. */
  readonly assumed: number
  readonly charged: UsageAmount
  /** Used beyond what was reserved and the budgets had room for. */
  readonly excess: UsageAmount
  /** Of the calls whose answer said. */
  readonly tokens: TokenCounts
}

export interface ProjectionRows {
  readonly runs: RunRow
  readonly items: ItemRow
  readonly usage: UsageRow
}
export type ProjectionName = keyof ProjectionRows

/** One typed change, written in the transaction of the records that it follows from. Rows are replaced whole. */
export type ProjectionChange =
  | { readonly projection: 'runs'; readonly row: RunRow }
  | { readonly projection: 'items'; readonly row: ItemRow }
  | { readonly projection: 'usage'; readonly row: UsageRow }

/** Equality filters, but for `since`. Runs come newest first, items in ascending index, usage by day, then index. */
export interface ProjectionFilters {
  readonly runs: { readonly run?: string; readonly status?: RunRow['status']; readonly name?: string }
  readonly items: { readonly run: string; readonly item?: string; readonly status?: ItemRow['status'] }
  /** `since`: the first day wanted, such as `2026-11-22`. `run` finds only rows of `item` and `run`. */
  readonly usage: { readonly by: UsageBy; readonly since?: string; readonly run?: string }
}

/** How questions about runs, finished ones too, are answered. Needs no lease. */
export interface Projections extends Seam<'projections/v1'> {
  /** One page and, where there is more, the cursor of the next. Errors: `INVALID_INPUT` for a cursor that is not ours. */
  query<P extends ProjectionName>(
    ns: string,
    projection: P,
    filter: ProjectionFilters[P],
    page?: { readonly cursor?: string; readonly limit?: number },
    options?: CallOptions,
  ): Promise<{ readonly rows: readonly ProjectionRows[P][]; readonly cursor?: string }>
}
