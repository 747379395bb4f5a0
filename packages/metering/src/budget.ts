import { SeamError } from '@seamark/kit'
import type { ErrorCode } from '@seamark/core'
import { combineAmounts, isCount, MEASURES, NOTHING, roomOf } from './budget-state.ts'
import type { AccountKey, BudgetEvent, BudgetState } from './budget-state.ts'
import type { Amount, WorstCase } from './cost.ts'

export interface ReserveRequest {
  /** Of this call, never used before in the namespace. */
  readonly id: string
  /** Every account that the call is on; each was set before. */
  readonly accounts: readonly AccountKey[]
  readonly worst: WorstCase
}

/** Why a reservation was refused. Nothing was reserved on any account. */
export interface BudgetRefusal {
  readonly ok: false
  /** `LIMIT_EXCEEDED`: no room. `UNSUPPORTED`: under that limit, but what the call may use is not known. */
  readonly code: ErrorCode & ('LIMIT_EXCEEDED' | 'UNSUPPORTED')
  readonly account: AccountKey
  readonly of: keyof Amount
  /** What was asked for; absent where it is not known. */
  readonly wanted?: number
  /** What is left, at least 0. */
  readonly room: number
}

export type ReserveResult =
  { readonly ok: true; readonly event: BudgetEvent & { readonly kind: 'budget.reserved' } } | BudgetRefusal

/**
 * Reserves the worst case on every account, or on none. What has no bound is refused under a limit of that measure, and
 * otherwise counted as 0. Changes nothing: fold the event. Errors: `CONFLICT` (the id is in use), `INVALID_INPUT` (no
 * account, one that was never set, an amount that is no count).
 */
export function reserve(state: BudgetState, request: ReserveRequest): ReserveResult {
  if (state.reservations.has(request.id))
    throw new SeamError('CONFLICT', 'A reservation with that id is open.', { remedy: 'Use a new id for each call.' })
  if (request.accounts.length === 0) throw new SeamError('INVALID_INPUT', 'A reservation names no account.')
  const amount: Amount = { tokens: request.worst.tokens ?? 0, nanoUsd: request.worst.nanoUsd ?? 0 }
  if (!MEASURES.every((measure) => isCount(amount[measure])))
    throw new SeamError('INVALID_INPUT', 'An amount is no whole number of at least 0.')
  for (const key of request.accounts) {
    const account = state.accounts.get(key)
    if (account === undefined)
      throw new SeamError('INVALID_INPUT', `The account ${key} was never set.`, {
        remedy: 'Set it first, with no limit where it has none.',
      })
    for (const of of MEASURES) {
      const wanted = request.worst[of]
      const room = Math.max(0, roomOf(account, of))
      if (wanted === undefined && account.limits[of] !== undefined)
        return { ok: false, code: 'UNSUPPORTED', account: key, of, room }
      if (amount[of] > room || (account.limits[of] !== undefined && roomOf(account, of) < 0))
        return { ok: false, code: 'LIMIT_EXCEEDED', account: key, of, wanted: amount[of], room }
    }
  }
  return { ok: true, event: { kind: 'budget.reserved', id: request.id, accounts: request.accounts, amount } }
}

/**
 * Settles a reservation at what was used, or at what was reserved. More than was reserved is charged as far as every
 * account with a limit has room for it; the rest is `excess`. `undefined` where no such reservation is open: a settlement that comes
 * late, or twice, is void. Errors: `INVALID_INPUT` when the amount is no count.
 */
export function settle(
  state: BudgetState,
  id: string,
  used: Amount | 'reserved',
): (BudgetEvent & { readonly kind: 'budget.settled' }) | undefined {
  const open = state.reservations.get(id)
  if (open === undefined) return undefined
  if (used === 'reserved') return { kind: 'budget.settled', id, charged: open.amount, excess: NOTHING }
  const charged = { tokens: 0, nanoUsd: 0 }
  for (const measure of MEASURES) {
    if (!isCount(used[measure])) throw new SeamError('INVALID_INPUT', 'An amount is no whole number of at least 0.')
    const beyond = Math.min(
      ...open.accounts.map((key) => {
        const account = state.accounts.get(key)
        return account === undefined ? 0 : Math.max(0, roomOf(account, measure))
      }),
    )
    charged[measure] = Math.min(used[measure], open.amount[measure] + beyond)
  }
  return { kind: 'budget.settled', id, charged, excess: combineAmounts(used, charged, (x, y) => x - y) }
}

/** Gives a reservation back, where nothing was sent. `undefined` where none is open. */
export function release(
  state: BudgetState,
  id: string,
): (BudgetEvent & { readonly kind: 'budget.released' }) | undefined {
  return state.reservations.has(id) ? { kind: 'budget.released', id } : undefined
}

/** After a restart: what was reserved and not settled may have been used, so each settles at its reservation. */
export function settleAll(state: BudgetState): readonly BudgetEvent[] {
  return [...state.reservations].map(([id, { amount }]) => ({
    kind: 'budget.settled',
    id,
    charged: amount,
    excess: NOTHING,
  }))
}
