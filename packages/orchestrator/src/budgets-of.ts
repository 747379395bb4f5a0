import type { BudgetAccount } from '@seamark/core'
import type { BudgetStanding } from './engine.ts'
import { dayOf, isLimited, limitsOf } from './fold-budgets.ts'
import type { Item, Run, State } from './state.ts'

const NONE = { tokens: 0, nanoUsd: 0 }

/** How budgets stand, from the state. */
export function budgetsOf(state: State, now: number, runId: string | undefined): readonly BudgetStanding[] {
  const found: BudgetStanding[] = []
  const add = (account: BudgetAccount, run?: Run, item?: Item) => {
    const { accounts } = state.budgets.accounts
    const limits = limitsOf(state, account, run, item)
    if (!isLimited(limits)) return
    const { settled, reserved, excess, warned } = accounts.get(account) ?? {
      settled: NONE,
      reserved: NONE,
      excess: NONE,
      warned: [],
    }
    found.push({ account, limits, settled, reserved, excess, warned })
  }
  const run = runId === undefined ? undefined : state.runs.get(runId)
  if (runId !== undefined && run === undefined) return []
  if (run === undefined) {
    for (const account of new Set([...state.budgets.named.keys(), ...state.budgets.lasting])) add(account)
  } else {
    add(`run:${run.id}`, run)
    for (const item of run.items) {
      const account = `item:${run.id}/${item.id}` as const
      if (state.budgets.accounts.accounts.has(account)) add(account, run, item)
    }
    const agents = new Set(run.items.flatMap(({ spec }) => spec.agent ?? []))
    for (const agent of agents) add(`agent:${agent}`)
    add(`principal:${run.submittedBy}`)
    for (const team of run.teams) add(`team:${team}`)
  }
  add(`day:${dayOf(now)}`)
  return found
}
