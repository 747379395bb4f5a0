import type { UsageView } from '@seamark/protocol'
import { describe, expect, test } from 'vitest'
import { SeamError } from '@seamark/kit'
import { chargedText } from '../src/charged-text.ts'
import { accountText, budgetLines, dollars, spentText, warningText } from '../src/budget-text.ts'
import { firstDay } from '../src/commands/usage.ts'
import { sumUsage } from '../src/usage-sums.ts'

const NONE = { tokens: 0, nanoUsd: 0 }
const row = (day: string, model: string, nanoUsd: number): UsageView => ({
  by: 'model',
  day,
  provider: 'p',
  model,
  calls: 2,
  assumed: 1,
  charged: { tokens: 5, nanoUsd },
  excess: { tokens: 0, nanoUsd: 1 },
  tokens: { input: 1, output: 2, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
})

async function* list<T>(...all: readonly T[]): AsyncIterable<T> {
  yield* all
}

test('rows of several days are one sum, what cost most first', async () => {
  const rows = [row('2026-01-01', 'a', 1), row('2026-01-01', 'b', 5), row('2026-01-02', 'a', 2)]
  const { usage, total } = await sumUsage(list(...rows))
  expect(usage.map(({ model, calls, charged }) => [model, calls, charged.nanoUsd])).toEqual([
    ['b', 2, 5],
    ['a', 4, 3],
  ])
  expect(total).toMatchObject({ calls: 6, assumed: 3, charged: { tokens: 15, nanoUsd: 8 }, excess: { nanoUsd: 3 } })
  expect(total).not.toHaveProperty('model')
})

test('rows of agents and teams are sums of their own', async () => {
  const of = (more: Partial<UsageView>): UsageView => {
    const { provider: _, model: __, ...rest } = row('2026-01-01', '', 1)
    return { ...rest, ...more }
  }
  const agents = [of({ by: 'agent', agent: 'a' }), of({ by: 'agent', agent: 'b' }), of({ by: 'agent', agent: 'a' })]
  expect((await sumUsage(list(...agents))).usage.map(({ agent, calls }) => [agent, calls])).toEqual([
    ['a', 4],
    ['b', 2],
  ])
  const teams = [of({ by: 'team', team: 'a' }), of({ by: 'team', team: 'b' })]
  expect((await sumUsage(list(...teams))).usage.map(({ team, calls }) => [team, calls])).toEqual([
    ['a', 2],
    ['b', 2],
  ])
})

test('what a run was charged is not told to who may not read it', async () => {
  const run = { run: 'r', submittedAt: Date.parse('2026-01-01T23:00:00Z') }
  const rows = list(row('2026-01-01', 'a', 1_000_000), row('2026-01-02', 'a', 2_000_000))
  expect(await chargedText({ usage: () => rows }, run)).toBe('4 calls, 10 tokens, $0.0030, 2 assumed')
  expect(await chargedText({ usage: () => list() }, run)).toBeUndefined()
  const failing = (code: 'FORBIDDEN' | 'UNAVAILABLE') => ({
    async *usage() {
      yield* await Promise.reject<UsageView[]>(new SeamError(code, 'No.'))
    },
  })
  expect(await chargedText(failing('FORBIDDEN'), run)).toContain('not yours')
  await expect(chargedText(failing('UNAVAILABLE'), run)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('sums stop at what can be counted', async () => {
  const most = Number.MAX_SAFE_INTEGER
  const { total } = await sumUsage(list(row('2026-01-01', 'a', most), row('2026-01-02', 'b', most)))
  expect(total.charged.nanoUsd).toBe(most)
})

test('a day, or a number of days', () => {
  const now = Date.parse('2026-03-01T00:30:00Z')
  expect([firstDay('1d', now), firstDay('2d', now), firstDay('2026-02-28', now)]).toEqual([
    '2026-03-01',
    '2026-02-28',
    '2026-02-28',
  ])
  for (const bad of ['', '0d', '99999d', '2026-02-30', 'yesterday', '1969-01-01'])
    expect(() => firstDay(bad, now)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
})

describe('what is said of budgets', () => {
  test('amounts, and none that is shown as nothing', () => {
    expect([0, 1, 50_000, 12_300_000, 1_000_000_000, 12_345_678_901].map(dollars)).toEqual([
      '$0.00',
      'less than $0.0001',
      '$0.0001',
      '$0.0123',
      '$1.00',
      '$12.35',
    ])
  })

  test('each limit has a line', () => {
    const standing = { settled: { tokens: 900, nanoUsd: 0 }, reserved: { tokens: 5, nanoUsd: 0 }, excess: NONE }
    const limits = { tokens: 1_000, nanoUsd: 0 }
    const lines = budgetLines({ account: 'run:r', limits, ...standing, warned: ['tokens'] })
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('900 tokens of 1,000 tokens')
    expect(budgetLines({ account: 'run:r', limits: {}, ...standing, warned: [] })).toEqual([])
  })

  test('the remedy is a command for what can be approved, and the configuration for the rest', () => {
    expect(spentText({ account: 'item:r1/a', of: 'nanoUsd', room: 0 }, 'r1', 'a')).toContain(
      'seamark approve a --run r1 --usd N',
    )
    expect(spentText({ account: 'run:r1', of: 'tokens', room: 0, wanted: 1_500 }, 'r1', 'a')).toContain(
      'seamark approve a --run r1 --tokens N',
    )
    expect(spentText({ account: 'run:r1', of: 'tokens', room: 0 }, 'r1', 'a', { token: 'abc' })).toMatch(
      /--tokens N --wait abc$/,
    )
    const ofDay = { account: 'day:2026-11-22', of: 'nanoUsd', room: 0 } as const
    expect(spentText(ofDay, 'r1', 'a', { resumeAt: 1 })).toMatch(/budgets\.day.*next day/)
    expect(spentText(ofDay, 'r1', 'a')).toMatch(/budgets\.day.*no day has room/)
    expect(spentText({ account: 'principal:x', of: 'nanoUsd', room: 0 }, 'r1', 'a')).toContain('budgets.principal')
    for (const [account, place] of [
      ['agent:writer', 'agents.writer.budget'],
      ['team:web', 'teams.web.budget'],
    ] as const)
      expect(spentText({ account, of: 'tokens', room: 0 }, 'r1', 'a')).toContain(`raise ${place} in the configuration`)
    expect(spentText({ account: 'team:\u202ex', of: 'tokens', room: 0 }, 'r1', 'a')).not.toContain('\u202e')
    expect(spentText({ account: 'run:r1', of: 'tokens', room: 7, wanted: 1_500 }, 'r1', 'a')).toMatch(
      /7 tokens left for a call that may come to 1,500 tokens/,
    )
    expect(accountText('principal:\u202ex')).not.toContain('\u202e')
    expect(warningText({ account: 'day:2026-11-22', of: 'nanoUsd', limit: 5e9 })).toContain('$5.00')
  })
})
