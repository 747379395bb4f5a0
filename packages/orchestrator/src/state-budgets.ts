import type { BudgetAccount, SpendLimits, SpentBudget } from '@seamark/core'
import { budgetState } from '@seamark/metering'
import type { AccountKey, BudgetState, BudgetWarning } from '@seamark/metering'
import type { UsageTallies } from './usage-tallies.ts'
import { noTallies } from './usage-tallies.ts'

/** What budgets the engine keeps, a fold of its records. */
export interface Budgets {
  readonly accounts: BudgetState
  /** Those that are for good among them, of agents, principals and teams: those of items are many. */
  readonly lasting: Set<AccountKey>
  /** Reservations that are not settled, by the fence of their launch and their key. */
  readonly open: Map<number, Map<string, ReservedCall>>
  /** Launches that were last refused for want of room, by fence, with the account that had none. */
  readonly refused: Map<number, SpentBudget>
  /** When limits of a provider are over that calls of a launch were refused for, by its fence, in epoch milliseconds: the last of them. */
  readonly limited: Map<number, number>
  /** What a launch was told of refusals, by its fence: a program may ask for the same for ever. */
  readonly told: Map<number, Set<string>>
  readonly tallies: UsageTallies
  /** What the configuration gives each principal and each day. */
  readonly defaults: { principal?: SpendLimits; day?: SpendLimits }
  /** What the configuration gives agents and teams, by their accounts. */
  readonly named: Map<BudgetAccount, SpendLimits>
}

/** What a reservation is for. */
export interface ReservedCall {
  readonly provider: string
  readonly model: string
}

/** A warning that is to become a record, and what led to it. */
export interface DueWarning extends Omit<BudgetWarning, 'account'> {
  readonly account: BudgetAccount
  readonly run?: string
  readonly item?: string
}

/** The state before the first record. */
export function noBudgets(): Budgets {
  return {
    accounts: budgetState(),
    lasting: new Set(),
    open: new Map(),
    refused: new Map(),
    limited: new Map(),
    told: new Map(),
    tallies: noTallies(),
    defaults: {},
    named: new Map(),
  }
}
