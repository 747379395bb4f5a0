import type { AnyRecord, BudgetAccount, RecordData, SpendLimits, SpentBudget } from '@seamark/core'
import { foldBudget } from '@seamark/metering'
import type { AccountKey, BudgetEvent, BudgetState } from '@seamark/metering'
import type { Budgets, ReservedCall } from './state-budgets.ts'
import type { Item, Launch, Run, State } from './state.ts'
import { ancestorsOf } from './state.ts'
import type { SavedTallies } from './usage-tallies.ts'
import { countUsage, forgetTallies, loadTallies, rowKey, saveTallies } from './usage-tallies.ts'

/** What of budgets a snapshot of the state holds. */
export interface SavedBudgets {
  readonly accounts: readonly (readonly [
    AccountKey,
    BudgetState['accounts'] extends Map<AccountKey, infer V> ? V : never,
  ])[]
  readonly reservations: readonly (readonly [
    string,
    BudgetState['reservations'] extends Map<string, infer V> ? V : never,
  ])[]
  /** What each open reservation is for, by its key. */
  readonly calls: readonly (readonly [string, ReservedCall])[]
  readonly refused: readonly (readonly [number, SpentBudget])[]
  readonly limited: readonly (readonly [number, number])[]
  readonly told: readonly (readonly [number, readonly string[]])[]
  readonly tallies: SavedTallies
  readonly defaults: Budgets['defaults']
  readonly named: readonly (readonly [BudgetAccount, SpendLimits])[]
}

type UsageRecord = Extract<
  AnyRecord,
  { readonly kind: 'usage.reserved' | 'usage.settled' | 'usage.refused' | 'budget.set' | 'budget.warned' }
>

/** The name of a reservation: fences are never used twice. */
export function reservationKey(fence: number, id: string): string {
  return `${fence}/${id}`
}

/** What a refusal tells: another one that tells the same is no record. */
export function toldBy({ code, account, of }: Pick<RecordData['usage.refused'], 'code' | 'account' | 'of'>): string {
  return `${code} ${account} ${of}`
}

/** The accounts that a launch spends from on a day: what a child spends, its parents do. */
export function accountsOf(run: Run, item: Item | undefined, day: string): BudgetAccount[] {
  const spenders = item === undefined ? [] : [item, ...ancestorsOf(run, item)]
  const own = spenders.map(({ id }): BudgetAccount => `item:${run.id}/${id}`)
  const names = new Set(spenders.flatMap(({ spec }) => spec.agent ?? []))
  const agents = [...names].map((name): BudgetAccount => `agent:${name}`)
  const teams = run.teams.map((team): BudgetAccount => `team:${team}`)
  return [...own, `run:${run.id}`, ...agents, `principal:${run.submittedBy}`, ...teams, `day:${day}`]
}

/** The limits of an account: those that were set, or those that it has from the beginning. */
export function limitsOf(
  { budgets }: State,
  account: BudgetAccount,
  run: Run | undefined,
  item: Item | undefined,
): SpendLimits {
  const known = budgets.accounts.accounts.get(account)
  if (known !== undefined) return known.limits
  if (account.startsWith('item:')) {
    const id = account.slice(account.indexOf('/') + 1)
    const spender = id === item?.id ? item : run?.items[run.byId.get(id) ?? -1]
    return spender?.spec.budget ?? {}
  }
  if (account.startsWith('run:')) return run?.spec.budget ?? {}
  if (isNamed(account)) return budgets.named.get(account) ?? {}
  return budgets.defaults[account.startsWith('day:') ? 'day' : 'principal'] ?? {}
}

export function isUsage(record: AnyRecord): record is UsageRecord {
  return record.kind.startsWith('usage.') || record.kind.startsWith('budget.')
}

/** Of a run that is not in memory any more, only what was spent from accounts that others share still counts. */
export function foldUsage(state: State, record: UsageRecord, run: Run | undefined, item: Item | undefined): void {
  const { budgets } = state
  const fence = record.fence ?? 0
  const change = (event: BudgetEvent): void => {
    const about = { ...(run && { run: run.id }), ...(item && { item: item.id }) }
    for (const warning of foldBudget(budgets.accounts, event)) state.todo.warned.push({ ...warning, ...about })
  }
  switch (record.kind) {
    case 'usage.reserved': {
      const { id, accounts: all, tokens, nanoUsd, provider, model } = record.data
      const accounts = all.filter((account) => run !== undefined || isShared(account))
      for (const account of accounts) {
        if (budgets.accounts.accounts.has(account)) continue
        if (account.startsWith('day:')) forgetDays(budgets)
        if (isLasting(account)) budgets.lasting.add(account)
        change({ kind: 'budget.set', account, limits: limitsOf(state, account, run, item) })
      }
      const key = reservationKey(fence, id)
      change({ kind: 'budget.reserved', id: key, accounts, amount: { tokens, nanoUsd } })
      budgets.refused.delete(fence)
      forgetRoom(budgets, fence)
      const open = budgets.open.get(fence)
      if (open === undefined) budgets.open.set(fence, new Map([[key, { provider, model }]]))
      else open.set(key, { provider, model })
      return
    }
    case 'usage.settled': {
      const { id, charged, excess, limitedUntil } = record.data
      const key = reservationKey(fence, id)
      const open = budgets.open.get(fence)
      const call = open?.get(key)
      const accounts = budgets.accounts.reservations.get(key)?.accounts ?? []
      change({ kind: 'budget.settled', id: key, charged, excess })
      if (call !== undefined && record.run !== undefined) {
        const used = {
          ...call,
          run: record.run,
          item: record.item,
          agent: idsIn(accounts, 'agent')[0],
          principal: idsIn(accounts, 'principal')[0],
          teams: idsIn(accounts, 'team'),
        }
        for (const row of countUsage(budgets.tallies, dayOf(record.at), used, record.data))
          state.todo.usage.set(rowKey(row), row)
      }
      if (limitedUntil !== undefined)
        budgets.limited.set(fence, Math.max(limitedUntil, budgets.limited.get(fence) ?? 0))
      open?.delete(key)
      if (open?.size === 0) budgets.open.delete(fence)
      return
    }
    case 'usage.refused':
      if (record.data.code === 'LIMIT_EXCEEDED') budgets.refused.set(fence, spentOf(record.data))
      budgets.told.set(fence, (budgets.told.get(fence) ?? new Set<string>()).add(toldBy(record.data)))
      return
    case 'budget.set': {
      const { on, name, limits } = record.data
      if (on === 'principal' || on === 'day') {
        budgets.defaults[on] = limits
        for (const account of budgets.accounts.accounts.keys())
          if (account.startsWith(`${on}:`)) change({ kind: 'budget.set', account, limits })
      } else if (on === 'agent' || on === 'team') {
        const account = `${on}:${name ?? ''}` as const
        if (isLimited(limits)) budgets.named.set(account, limits)
        else budgets.named.delete(account)
        if (budgets.accounts.accounts.has(account)) change({ kind: 'budget.set', account, limits })
      } else if (run !== undefined && (on === 'run' || item !== undefined))
        change({
          kind: 'budget.set',
          account: on === 'run' ? `run:${run.id}` : `item:${run.id}/${item?.id ?? ''}`,
          limits,
        })
      return
    }
    case 'budget.warned': {
      const { account, of } = record.data
      state.todo.warned = state.todo.warned.filter((due) => due.account !== account || due.of !== of)
      return
    }
  }
}

/** A launch is over: its reservations were settled by records before. */
export function forgetLaunch({ budgets }: State, { fence }: Launch): void {
  budgets.open.delete(fence)
  budgets.refused.delete(fence)
  budgets.limited.delete(fence)
  budgets.told.delete(fence)
}

/** There was room again, so that there is none is told anew; a call without a bound gets none by that. */
function forgetRoom({ told }: Budgets, fence: number): void {
  for (const what of told.get(fence) ?? []) if (what.startsWith('LIMIT_EXCEEDED ')) told.get(fence)?.delete(what)
}

/** A run is sealed: nothing is spent from its own accounts any more. */
export function forgetRun({ budgets }: State, run: Run): void {
  const { accounts } = budgets.accounts
  const metered = accounts.delete(`run:${run.id}`)
  // An item may have one of its own that nothing was ever taken from.
  if (accounts.size > 0) for (const { id } of run.items) accounts.delete(`item:${run.id}/${id}`)
  if (metered) forgetTallies(budgets.tallies, run.id, run.items)
}

export function saveBudgets({
  accounts: { accounts, reservations },
  open,
  refused,
  limited,
  told,
  tallies,
  defaults,
  named,
}: Budgets): SavedBudgets {
  const calls = [...open.values()].flatMap((ofLaunch) => [...ofLaunch])
  return {
    accounts: [...accounts],
    reservations: [...reservations],
    calls,
    refused: [...refused],
    limited: [...limited],
    told: [...told].map(([fence, all]) => [fence, [...all]]),
    tallies: saveTallies(tallies),
    defaults,
    named: [...named],
  }
}

export function loadBudgets(saved: SavedBudgets): Budgets {
  const open = new Map<number, Map<string, ReservedCall>>()
  for (const [key, call] of saved.calls) {
    const fence = Number(key.slice(0, key.indexOf('/')))
    open.set(fence, (open.get(fence) ?? new Map<string, ReservedCall>()).set(key, call))
  }
  return {
    accounts: { accounts: new Map(saved.accounts), reservations: new Map(saved.reservations) },
    lasting: new Set(saved.accounts.map(([account]) => account).filter(isLasting)),
    open,
    refused: new Map(saved.refused),
    limited: new Map(saved.limited),
    told: new Map(saved.told.map(([fence, all]) => [fence, new Set(all)])),
    tallies: loadTallies(saved.tallies),
    defaults: saved.defaults,
    named: new Map(saved.named),
  }
}

function spentOf({ account, of, room, wanted }: RecordData['usage.refused']): SpentBudget {
  return { account, of, room, ...(wanted !== undefined && { wanted }) }
}

/** The day of a moment, in UTC. */
export function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

/** Whether there is any limit. */
export function isLimited({ tokens, nanoUsd }: SpendLimits): boolean {
  return tokens !== undefined || nanoUsd !== undefined
}

function idsIn(accounts: readonly AccountKey[], kind: 'agent' | 'principal' | 'team'): string[] {
  return accounts.flatMap((account) => (account.startsWith(`${kind}:`) ? [account.slice(kind.length + 1)] : []))
}

/** Whether an account has limits of its own in the configuration. */
function isNamed(account: string): boolean {
  return account.startsWith('agent:') || account.startsWith('team:')
}

function isLasting(account: string): boolean {
  return isNamed(account) || account.startsWith('principal:')
}

function isShared(account: string): boolean {
  return isLasting(account) || account.startsWith('day:')
}

/** A new day begins: earlier ones go, once nothing is reserved on them. */
function forgetDays({ accounts: { accounts, reservations } }: Budgets): void {
  const needed = new Set([...reservations.values()].flatMap((open) => open.accounts))
  for (const account of accounts.keys())
    if (account.startsWith('day:') && !needed.has(account)) accounts.delete(account)
}
