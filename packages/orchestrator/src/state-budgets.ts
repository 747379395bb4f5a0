import type { BudgetAccount, SpendLimits } from '@seamark/core'
import { budgetState } from '@seamark/metering'
import type { BudgetState, BudgetWarning } from '@seamark/metering'

/** What budgets the engine keeps, a fold of its records. */
export interface Budgets {
  readonly accounts: BudgetState
  /** Keys of reservations that are not settled, by the fence of their launch. */
  readonly open: Map<number, Set<string>>
  /** Launches that were last refused for want of room, by fence, with the account that had none. */
  readonly refused: Map<number, string>
  /** What the configuration gives each principal and each day. */
  readonly defaults: { principal?: SpendLimits; day?: SpendLimits }
}

/** A warning that is to become a record, and what led to it. */
export interface DueWarning extends Omit<BudgetWarning, 'account'> {
  readonly account: BudgetAccount
  readonly run?: string
  readonly item?: string
}

/** The state before the first record. */
export function noBudgets(): Budgets {
  return { accounts: budgetState(), open: new Map(), refused: new Map(), defaults: {} }
}
