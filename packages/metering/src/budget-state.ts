import { SeamError } from '@seamark/kit'
import type { Amount } from './cost.ts'

/** What a budget is set on. */
export const ACCOUNT_KINDS = ['item', 'run', 'agent', 'principal', 'team', 'day'] as const

export type AccountKind = (typeof ACCOUNT_KINDS)[number]

/** A kind and an id within the namespace, such as `run:0190…` or `day:2026-11-22`. An item's id has its run's before it. */
export type AccountKey = `${AccountKind}:${string}`

/** What is absent has no limit. */
export type BudgetLimits = Partial<Amount>

/** What happened to budgets, in order; the state is a fold of them. */
export type BudgetEvent =
  | { readonly kind: 'budget.set'; readonly account: AccountKey; readonly limits: BudgetLimits }
  | {
      readonly kind: 'budget.reserved'
      readonly id: string
      readonly accounts: readonly AccountKey[]
      readonly amount: Amount
    }
  /** `charged` is spent; `excess` was used beyond what an account had room for, and takes from what is left. */
  | { readonly kind: 'budget.settled'; readonly id: string; readonly charged: Amount; readonly excess: Amount }
  /** Nothing was sent. */
  | { readonly kind: 'budget.released'; readonly id: string }

/** One account. All numbers are safe integers of at least 0. */
export interface Account {
  readonly limits: BudgetLimits
  readonly settled: Amount
  readonly reserved: Amount
  readonly excess: Amount
  /** The limits at 80 % of which a warning was given. */
  readonly warned: readonly (keyof Amount)[]
}

interface Reservation {
  readonly accounts: readonly AccountKey[]
  readonly amount: Amount
}

/** The fold of budget events. Mutable: only `foldBudget` changes it. */
export interface BudgetState {
  readonly accounts: Map<AccountKey, Account>
  readonly reservations: Map<string, Reservation>
}

export interface BudgetWarning {
  readonly account: AccountKey
  readonly of: keyof Amount
  readonly settled: number
  readonly limit: number
}

export const MEASURES = ['tokens', 'nanoUsd'] as const

export const NOTHING: Amount = { tokens: 0, nanoUsd: 0 }

const KEY = new RegExp(`^(?:${ACCOUNT_KINDS.join('|')}):.{1,512}$`, 's')

export function budgetState(): BudgetState {
  return { accounts: new Map(), reservations: new Map() }
}

export function combineAmounts(a: Amount, b: Amount, how: (x: number, y: number) => number): Amount {
  return { tokens: how(a.tokens, b.tokens), nanoUsd: how(a.nanoUsd, b.nanoUsd) }
}

/** Sums stop at what can be counted exactly: answers must not be able to end the counting, nor what has no limit. */
const plus = (x: number, y: number): number => Math.min(Number.MAX_SAFE_INTEGER, x + y)

/**
 * What may still be reserved or charged, without end where there is no limit. Less than nothing where a limit was
 * lowered, or more was used than reserved.
 */
export function roomOf(account: Account, measure: keyof Amount): number {
  const limit = account.limits[measure]
  if (limit === undefined) return Number.POSITIVE_INFINITY
  return limit - account.settled[measure] - account.reserved[measure] - account.excess[measure]
}

export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

const misfit = (event: BudgetEvent): SeamError =>
  new SeamError('INTEGRITY', `A ${event.kind} does not fit the events before it.`, {
    remedy: 'Fold the events in the order in which they were decided.',
  })

const isAmount = (amount: Amount): boolean => MEASURES.every((measure) => isCount(amount[measure]))

/** Warnings are given once for each limit, when 80 % of it are spent. */
function warn(account: Account, key: AccountKey, into: BudgetWarning[]): Account {
  const warned = [...account.warned]
  for (const measure of MEASURES) {
    const limit = account.limits[measure]
    if (limit === undefined || warned.includes(measure)) continue
    const settled = account.settled[measure]
    if (BigInt(settled) * 5n < BigInt(limit) * 4n) continue
    warned.push(measure)
    into.push({ account: key, of: measure, settled, limit })
  }
  return warned.length === account.warned.length ? account : { ...account, warned }
}

function setLimits(state: BudgetState, event: BudgetEvent & { readonly kind: 'budget.set' }): Account {
  const { limits } = event
  if (!KEY.test(event.account) || !MEASURES.every((measure) => isCount(limits[measure] ?? 0))) throw misfit(event)
  const before = state.accounts.get(event.account)
  if (before === undefined) return { limits, settled: NOTHING, reserved: NOTHING, excess: NOTHING, warned: [] }
  return { ...before, limits, warned: before.warned.filter((measure) => before.limits[measure] === limits[measure]) }
}

/** What is still reserved on an account without one reservation. A sum that stopped is made anew. */
function stillReserved(
  { reservations }: BudgetState,
  key: AccountKey,
  before: Amount,
  id: string,
  gone: Amount,
): Amount {
  const others = (measure: keyof Amount): number => {
    let sum = 0
    for (const [other, { accounts, amount }] of reservations)
      if (other !== id && accounts.includes(key)) sum = plus(sum, amount[measure])
    return sum
  }
  const without = (measure: keyof Amount): number =>
    before[measure] === Number.MAX_SAFE_INTEGER ? others(measure) : before[measure] - gone[measure]
  return { tokens: without('tokens'), nanoUsd: without('nanoUsd') }
}

/**
 * Folds one event into the state, in O(accounts of the event) while its sums are exact, and gives the warnings that it leads to. The same events
 * give the same state and warnings. Errors: `INTEGRITY` when the event does not fit the state, which is then unchanged.
 */
export function foldBudget(state: BudgetState, event: BudgetEvent): readonly BudgetWarning[] {
  const warnings: BudgetWarning[] = []
  const changed = new Map<AccountKey, Account>()
  const change = (keys: readonly AccountKey[], how: (account: Account, key: AccountKey) => Account): void => {
    for (const key of new Set(keys)) {
      const account = state.accounts.get(key)
      if (account === undefined) throw misfit(event)
      const next = how(account, key)
      if (!isAmount(next.settled) || !isAmount(next.reserved) || !isAmount(next.excess)) throw misfit(event)
      changed.set(key, next)
    }
  }
  if (event.kind === 'budget.set') changed.set(event.account, setLimits(state, event))
  else if (event.kind === 'budget.reserved') {
    if (state.reservations.has(event.id) || !isAmount(event.amount)) throw misfit(event)
    change(event.accounts, (account) => ({
      ...account,
      reserved: combineAmounts(account.reserved, event.amount, plus),
    }))
    state.reservations.set(event.id, { accounts: [...new Set(event.accounts)], amount: event.amount })
  } else {
    const open = state.reservations.get(event.id)
    if (open === undefined) throw misfit(event)
    const { charged, excess } = event.kind === 'budget.settled' ? event : { charged: NOTHING, excess: NOTHING }
    if (!isAmount(charged) || !isAmount(excess)) throw misfit(event)
    change(open.accounts, (account, key) => ({
      ...account,
      reserved: stillReserved(state, key, account.reserved, event.id, open.amount),
      settled: combineAmounts(account.settled, charged, plus),
      excess: combineAmounts(account.excess, excess, plus),
    }))
    state.reservations.delete(event.id)
  }
  for (const [key, account] of changed) state.accounts.set(key, warn(account, key, warnings))
  return warnings
}
