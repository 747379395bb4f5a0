import type { ErrorCode } from './error.ts'

/** What calls to model APIs use. Both are safe integers of at least 0; `nanoUsd` is in thousand-millionths of a dollar. */
export interface UsageAmount {
  readonly tokens: number
  readonly nanoUsd: number
}

/** What may be spent at most. What is absent has no limit. */
export type SpendLimits = Partial<UsageAmount>

/**
 * What a budget is set on, and an id: `item:RUN/ITEM`, `run:RUN`, `agent:NAME`, `principal:ID`, `team:NAME`,
 * `day:2026-11-22` (UTC).
 */
export type BudgetAccount = `${'item' | 'run' | 'agent' | 'principal' | 'team' | 'day'}:${string}`

/** A call that is about to be made, with the most that it can use. */
export interface UsageRequest {
  /** Of this call within its launch: 1 to 200 characters. Used once. */
  readonly id: string
  /** Stable word such as `anthropic`. */
  readonly provider: string
  readonly model: string
  /** What is absent has no bound, and is refused under a limit of that kind. */
  readonly worst: SpendLimits
}

export type UsageAnswer =
  | { readonly ok: true }
  /** Nothing was reserved, and nothing may be sent. */
  | {
      readonly ok: false
      /** `LIMIT_EXCEEDED`: no room. `UNSUPPORTED`: there is a limit, and what the call can use is not known. */
      readonly code: ErrorCode & ('LIMIT_EXCEEDED' | 'UNSUPPORTED')
      readonly account: BudgetAccount
      readonly of: keyof UsageAmount
      /** What is left. */
      readonly room: number
    }

/** What a call came to. */
export type UsageReport =
  | {
      readonly as: 'used'
      readonly amount: UsageAmount
      readonly tokens?: TokenCounts
      /** Epoch milliseconds: it was refused by a limit of the provider, which is over then by the headers of the answer. */
      readonly limitedUntil?: number
    }
  /** Its answer does not say: it is charged what was reserved. */
  | { readonly as: 'reserved' }

/** Tokens by kind. `input` is what was neither read from a cache nor written to one; `reasoning` is a part of `output`. */
export interface TokenCounts {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
  readonly reasoning: number
}

/** Where calls of one launch are taken from its budgets. */
export interface UsagePort {
  /**
   * Takes the worst case of a call from every account, or from none. Resolves when that is durable: only then may anything
   * be sent. Errors: `CONFLICT` when the attempt is over or the id is in use, `INVALID_INPUT`, `UNAVAILABLE`.
   */
  reserve(request: UsageRequest): Promise<UsageAnswer>
  /** Says what a call came to; a second or late word is void. Resolves when it is durable. Errors: `INVALID_INPUT`, `UNAVAILABLE`. */
  settle(id: string, report: UsageReport): Promise<void>
}
