import { expect, it } from 'vitest'
import { budgetsOf } from '../src/budgets-of.ts'
import { loadBudgets, saveBudgets } from '../src/fold-budgets.ts'
import { emptyState } from '../src/state.ts'

it('the question for all budgets goes through no accounts of items, also after a recovery', () => {
  const state = emptyState('default')
  const { accounts } = state.budgets.accounts
  const none = { tokens: 0, nanoUsd: 0 }
  const account = { limits: { tokens: 9 }, settled: none, reserved: none, excess: none, warned: [] }
  for (let n = 0; n < 1_000; n++) accounts.set(`item:r/${n}`, account)
  const lasting = ['principal:ann', 'agent:writer', 'team:web'] as const
  for (const key of lasting) accounts.set(key, account)
  state.budgets.named.set('team:unspent', { nanoUsd: 1 })
  Object.assign(state.budgets, loadBudgets(saveBudgets(state.budgets)))
  const after = state.budgets.accounts.accounts
  let listed = 0
  const keys = after.keys.bind(after)
  after.keys = () => {
    listed++
    return keys()
  }
  expect(budgetsOf(state, 0, undefined).map((standing) => standing.account)).toEqual(['team:unspent', ...lasting])
  expect(listed).toBe(0)
})
