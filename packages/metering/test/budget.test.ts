import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { budgetState, foldBudget, release, reserve, settle, settleAll } from '../src/index.ts'
import type { AccountKey, Amount, BudgetEvent, BudgetLimits, BudgetState, BudgetWarning } from '../src/index.ts'

const ACCOUNTS: readonly AccountKey[] = ['item:r1/a', 'run:r1', 'agent:docs', 'principal:p', 'team:t', 'day:2026-11-22']
const MEASURES = ['tokens', 'nanoUsd'] as const

function started(limits: Partial<Record<AccountKey, BudgetLimits>>): BudgetState {
  const state = budgetState()
  for (const account of ACCOUNTS) foldBudget(state, { kind: 'budget.set', account, limits: limits[account] ?? {} })
  return state
}

const usd = (nanoUsd: number): Amount => ({ tokens: 0, nanoUsd })

function mustReserve(state: BudgetState, id: string, worst: Partial<Amount>, accounts = ACCOUNTS): void {
  const result = reserve(state, { id, accounts, worst })
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result)}`)
  foldBudget(state, result.event)
}

function mustSettle(state: BudgetState, id: string, used: Amount | 'reserved'): readonly BudgetWarning[] {
  const event = settle(state, id, used)
  if (event === undefined) throw new Error(`no reservation ${id}`)
  return foldBudget(state, event)
}

describe('reserve', () => {
  test('takes from every account or from none', () => {
    const state = started({ 'run:r1': { nanoUsd: 100 }, 'day:2026-11-22': { nanoUsd: 50 } })
    expect(reserve(state, { id: '1', accounts: ACCOUNTS, worst: usd(51) })).toEqual({
      ok: false,
      code: 'LIMIT_EXCEEDED',
      account: 'day:2026-11-22',
      of: 'nanoUsd',
      wanted: 51,
      room: 50,
    })
    for (const account of state.accounts.values()) expect(account.reserved).toEqual(usd(0))
    mustReserve(state, '1', usd(50))
    for (const account of state.accounts.values()) expect(account.reserved).toEqual(usd(50))
  })

  test('refuses what has no bound under a limit of that measure, and only there', () => {
    const state = started({ 'run:r1': { tokens: 100 }, 'team:t': { nanoUsd: 100 } })
    expect(reserve(state, { id: '1', accounts: ['team:t'], worst: { tokens: 5 } })).toMatchObject({
      ok: false,
      code: 'UNSUPPORTED',
      account: 'team:t',
    })
    expect(reserve(state, { id: '1', accounts: ['run:r1'], worst: {} })).toMatchObject({ ok: false, of: 'tokens' })
    expect(reserve(state, { id: '1', accounts: ['run:r1'], worst: { tokens: 5 } }).ok).toBe(true)
    expect(reserve(state, { id: '1', accounts: ['agent:docs'], worst: {} }).ok).toBe(true)
  })

  test('refuses everything on an account whose limit was lowered below what is spent', () => {
    const state = started({ 'run:r1': { nanoUsd: 100 } })
    mustReserve(state, '1', usd(60))
    mustSettle(state, '1', 'reserved')
    foldBudget(state, { kind: 'budget.set', account: 'run:r1', limits: { nanoUsd: 59 } })
    expect(reserve(state, { id: '2', accounts: ['run:r1'], worst: usd(0) })).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  test.each([
    ['an id twice', 'CONFLICT', { id: 'open', accounts: ACCOUNTS, worst: usd(1) }],
    ['no account', 'INVALID_INPUT', { id: '2', accounts: [], worst: usd(1) }],
    ['an account that was never set', 'INVALID_INPUT', { id: '2', accounts: ['run:other'] as const, worst: usd(1) }],
    ['less than nothing', 'INVALID_INPUT', { id: '2', accounts: ACCOUNTS, worst: usd(-1) }],
    ['no number', 'INVALID_INPUT', { id: '2', accounts: ACCOUNTS, worst: usd(Number.NaN) }],
    ['a part', 'INVALID_INPUT', { id: '2', accounts: ACCOUNTS, worst: usd(0.5) }],
  ])('does not take %s', (_, code, request) => {
    const state = started({})
    mustReserve(state, 'open', usd(1))
    expect(() => reserve(state, request)).toThrow(expect.objectContaining({ code }))
  })

  test('where there is no limit refuses nothing, and sums stop at what can be counted', () => {
    const most = Number.MAX_SAFE_INTEGER
    const state = started({ 'item:r1/a': { nanoUsd: 100 } })
    const shared = ACCOUNTS.filter((key) => key !== 'item:r1/a')
    mustReserve(state, 'own', usd(40))
    mustReserve(state, '1', usd(most), shared)
    mustReserve(state, '2', usd(5), shared)
    mustSettle(state, '1', usd(most))
    expect(state.accounts.get('run:r1')).toMatchObject({ settled: usd(most), reserved: usd(45), excess: usd(0) })
    mustSettle(state, '2', usd(most))
    mustSettle(state, 'own', usd(most))
    expect(state.accounts.get('run:r1')).toMatchObject({ settled: usd(most), reserved: usd(0) })
    expect(state.accounts.get('item:r1/a')).toMatchObject({ settled: usd(100), excess: usd(most - 100) })
    mustReserve(state, '3', usd(7), shared)
    mustSettle(state, '3', 'reserved')
    expect(reserve(state, { id: '4', accounts: ['item:r1/a'], worst: usd(1) })).toMatchObject({ ok: false, room: 0 })
  })
})

describe('settle', () => {
  test('gives back what was not used', () => {
    const state = started({ 'run:r1': { nanoUsd: 100 } })
    mustReserve(state, '1', usd(100))
    mustSettle(state, '1', usd(30))
    expect(state.accounts.get('run:r1')).toMatchObject({ settled: usd(30), reserved: usd(0), excess: usd(0) })
    mustReserve(state, '2', usd(70))
  })

  test('charges more than was reserved where there is room, and calls the rest excess, which is not free again', () => {
    const state = started({ 'run:r1': { nanoUsd: 100 } })
    mustReserve(state, '1', usd(60))
    mustReserve(state, '2', usd(30))
    mustSettle(state, '1', usd(75))
    expect(state.accounts.get('run:r1')).toMatchObject({ settled: usd(70), reserved: usd(30), excess: usd(5) })
    mustSettle(state, '2', usd(0))
    expect(reserve(state, { id: '3', accounts: ['run:r1'], worst: usd(26) })).toMatchObject({ ok: false, room: 25 })
  })

  test('is void where nothing is open: late, twice, never', () => {
    const state = started({})
    mustReserve(state, '1', usd(60))
    mustSettle(state, '1', usd(1))
    expect(settle(state, '1', usd(1))).toBeUndefined()
    expect(settle(state, '2', 'reserved')).toBeUndefined()
    expect(release(state, '1')).toBeUndefined()
  })

  test('warns once at 80 % of each limit, and again only after the limit was changed', () => {
    const state = started({ 'run:r1': { nanoUsd: 100, tokens: 10 } })
    const spend = (id: string, used: Amount): readonly BudgetWarning[] => {
      mustReserve(state, id, used)
      return mustSettle(state, id, used)
    }
    expect(spend('1', usd(79))).toEqual([])
    expect(spend('2', usd(1))).toEqual([{ account: 'run:r1', of: 'nanoUsd', settled: 80, limit: 100 }])
    expect(spend('3', usd(5))).toEqual([])
    expect(spend('4', { tokens: 9, nanoUsd: 0 })).toEqual([{ account: 'run:r1', of: 'tokens', settled: 9, limit: 10 }])
    expect(foldBudget(state, { kind: 'budget.set', account: 'run:r1', limits: { nanoUsd: 200, tokens: 10 } })).toEqual(
      [],
    )
    expect(spend('5', usd(75))).toEqual([{ account: 'run:r1', of: 'nanoUsd', settled: 160, limit: 200 }])
  })
})

test('an event that does not fit changes nothing', () => {
  const state = started({ 'run:r1': { nanoUsd: 10 } })
  mustReserve(state, '1', usd(10))
  const before = JSON.stringify([...state.accounts, ...state.reservations])
  const events: BudgetEvent[] = [
    { kind: 'budget.reserved', id: '1', accounts: ACCOUNTS, amount: usd(0) },
    { kind: 'budget.reserved', id: '2', accounts: ['team:t', 'run:other'], amount: usd(1) },
    { kind: 'budget.reserved', id: '2', accounts: ACCOUNTS, amount: usd(-1) },
    { kind: 'budget.settled', id: '2', charged: usd(0), excess: usd(0) },
    { kind: 'budget.settled', id: '1', charged: usd(-1), excess: usd(0) },
    { kind: 'budget.released', id: '2' },
    { kind: 'budget.set', account: 'run:r1', limits: { nanoUsd: -1 } },
    { kind: 'budget.set', account: 'nobody:x' as AccountKey, limits: {} },
  ]
  for (const event of events) {
    expect(() => foldBudget(state, event)).toThrow(expect.objectContaining({ code: 'INTEGRITY' }))
    expect(JSON.stringify([...state.accounts, ...state.reservations])).toBe(before)
  }
})

/** What the budget should do, as plainly as it can be said: a list of calls, summed again each time. */
interface OracleCall {
  readonly id: string
  readonly accounts: readonly AccountKey[]
  readonly worst: Amount
  state: 'open' | 'settled' | 'released'
  charged: Amount
  excess: Amount
}

const total = (calls: readonly OracleCall[], key: AccountKey, what: (call: OracleCall) => number): number =>
  calls.filter((call) => call.accounts.includes(key)).reduce((sum, call) => sum + what(call), 0)

function oracleRoom(
  calls: readonly OracleCall[],
  limits: Map<AccountKey, BudgetLimits>,
  key: AccountKey,
  of: keyof Amount,
): number {
  const limit = limits.get(key)?.[of] ?? Number.MAX_SAFE_INTEGER
  const used = total(calls, key, (call) =>
    call.state === 'open' ? call.worst[of] : call.charged[of] + call.excess[of],
  )
  return limit - used
}

const amount = fc.record({ tokens: fc.nat(60), nanoUsd: fc.nat(60) })
const some = fc.subarray([...ACCOUNTS], { minLength: 1 })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('reserve' as const), accounts: some, worst: amount }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), pick: fc.nat(), used: amount }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
)
const limitsOf = fc.array(
  fc.record({
    tokens: fc.option(fc.nat(200), { nil: undefined }),
    nanoUsd: fc.option(fc.nat(200), { nil: undefined }),
  }),
  {
    minLength: ACCOUNTS.length,
    maxLength: ACCOUNTS.length,
  },
)

const defined = (limits: { tokens: number | undefined; nanoUsd: number | undefined }): BudgetLimits => ({
  ...(limits.tokens !== undefined && { tokens: limits.tokens }),
  ...(limits.nanoUsd !== undefined && { nanoUsd: limits.nanoUsd }),
})

test('does what the oracle does, in any order of reservations, settlements, cuts and crashes, and never overshoots', () => {
  fc.assert(
    fc.property(limitsOf, fc.array(step, { maxLength: 60 }), (given, steps) => {
      const limits = new Map(ACCOUNTS.map((key, index) => [key, defined(given[index]!)]))
      const log: BudgetEvent[] = ACCOUNTS.map((account) => ({
        kind: 'budget.set',
        account,
        limits: limits.get(account)!,
      }))
      let state = budgetState()
      const warnings: BudgetWarning[] = log.flatMap((event) => foldBudget(state, event))
      const calls: OracleCall[] = []
      const apply = (event: BudgetEvent): void => {
        log.push(event)
        warnings.push(...foldBudget(state, event))
      }
      const finish = (call: OracleCall, used: Amount): void => {
        const charged = { tokens: 0, nanoUsd: 0 }
        for (const of of MEASURES) {
          const room = Math.min(...call.accounts.map((key) => Math.max(0, oracleRoom(calls, limits, key, of))))
          charged[of] = Math.min(used[of], call.worst[of] + room)
        }
        call.state = 'settled'
        call.charged = charged
        call.excess = { tokens: used.tokens - charged.tokens, nanoUsd: used.nanoUsd - charged.nanoUsd }
      }
      steps.forEach((action, index) => {
        const open = calls.filter((call) => call.state === 'open')
        if (action.do === 'reserve') {
          const { accounts, worst } = action
          const fits = accounts.every((key) => MEASURES.every((of) => oracleRoom(calls, limits, key, of) >= worst[of]))
          const result = reserve(state, { id: `${index}`, accounts, worst })
          expect(result.ok).toBe(fits)
          if (!result.ok) return
          apply(result.event)
          calls.push({ id: `${index}`, accounts, worst, state: 'open', charged: usd(0), excess: usd(0) })
        } else if (action.do === 'crash') {
          // Only the log is left.
          state = budgetState()
          const again = log.flatMap((event) => foldBudget(state, event))
          expect(again).toEqual(warnings)
          for (const event of settleAll(state)) apply(event)
          for (const call of open) finish(call, call.worst)
        } else if (open.length > 0) {
          const call = open[action.pick % open.length]!
          const event =
            action.do === 'release'
              ? release(state, call.id)
              : settle(state, call.id, action.do === 'cut' ? 'reserved' : action.used)
          apply(event!)
          if (action.do === 'release') call.state = 'released'
          else finish(call, action.do === 'cut' ? call.worst : action.used)
        }
        for (const [key, account] of state.accounts)
          for (const of of MEASURES) {
            expect(account.settled[of]).toBe(total(calls, key, (call) => call.charged[of]))
            expect(account.excess[of]).toBe(total(calls, key, (call) => call.excess[of]))
            expect(account.reserved[of]).toBe(total(calls, key, (call) => (call.state === 'open' ? call.worst[of] : 0)))
            const limit = limits.get(key)?.[of]
            if (limit === undefined) continue
            expect(account.settled[of] + account.reserved[of]).toBeLessThanOrEqual(limit)
            const said = warnings.filter((warning) => warning.account === key && warning.of === of).length
            expect(said).toBe(account.settled[of] * 5 >= limit * 4 ? 1 : 0)
          }
      })
    }),
    { numRuns: 300 },
  )
})
