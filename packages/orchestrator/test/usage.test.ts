import type { JournalBatch, RecordData, UsageBy, UsageRow } from '@seamark/core'
import { memoryJournal } from '@seamark/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FOLD_VERSION } from '../src/index.ts'
import type { EngineOptions } from '../src/index.ts'
import { countUsage, forgetTallies, loadTallies, noTallies, rowKey, saveTallies } from '../src/usage-tallies.ts'
import { item, LOCAL, records, submission } from './harness.ts'
import { only, until } from './records.ts'
import { budgeted, call, spend, spending, tokenOf, used } from './spending.ts'

const NONE = { tokens: 0, nanoUsd: 0 }
const settled = (nanoUsd: number, more: Partial<RecordData['usage.settled']> = {}): RecordData['usage.settled'] => ({
  id: 'c',
  as: 'used',
  charged: { tokens: 1, nanoUsd },
  excess: NONE,
  ...more,
})
const by = (run: string, id: string | undefined, model = 'm') => ({
  run,
  item: id,
  agent: id === 'b' ? 'agent' : undefined,
  principal: 'p',
  teams: run.startsWith('r1') ? ['t', 'u'] : [],
  provider: 'x',
  model,
})

const KINDS = ['item', 'run', 'agent', 'principal', 'team', 'model'] as const

describe('tallies', () => {
  it('count each call once for its item, run, agent, principal, model and each team, through a snapshot at any place', () => {
    const step = fc.record({
      later: fc.boolean(),
      run: fc.constantFrom('r1', 'r2'),
      id: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
      model: fc.constantFrom('m', 'n', ''),
      nanoUsd: fc.nat(9),
      saved: fc.boolean(),
      sealed: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let tallies = noTallies()
        let day = 1
        const rows = new Map<string, UsageRow>()
        const sums: Record<string, number> = {}
        for (const [at, { later, run, id, model, nanoUsd, saved, sealed }] of steps.entries()) {
          if (later) day++
          // A sealed run has no more calls.
          const name = sealed ? `${run}-${at}` : run
          const when = `2026-01-${String(day).padStart(2, '0')}`
          for (const row of countUsage(tallies, when, by(name, id, model), settled(nanoUsd))) rows.set(rowKey(row), row)
          if (sealed) forgetTallies(tallies, name, id === undefined ? [] : [{ id }])
          if (saved) tallies = loadTallies(JSON.parse(JSON.stringify(saveTallies(tallies))))
          const more = [...(id === undefined ? [] : ['item']), ...(id === 'b' ? ['agent'] : [])]
          const teams = run === 'r1' ? ['team', 'team'] : []
          for (const key of ['run', 'principal', 'model', ...more, ...teams]) sums[key] = (sums[key] ?? 0) + nanoUsd
        }
        for (const kind of KINDS) {
          const ofKind = [...rows.values()].filter((row) => row.by === kind)
          expect(ofKind.reduce((sum, { charged }) => sum + charged.nanoUsd, 0)).toBe(sums[kind] ?? 0)
          const named = ofKind.map(({ day: of, run, item: of2, agent, principal, team, model }) =>
            [of, run, of2, agent, principal, team, model].join(),
          )
          expect(new Set(named).size).toBe(named.length)
        }
        expect(tallies.rows.size).toBeLessThanOrEqual(7 * steps.length)
      }),
    )
  })

  it('keep only the present day, and of models that are made up no more than 1,000', () => {
    const tallies = noTallies()
    for (let n = 0; n < 3_000; n++) countUsage(tallies, '2026-01-01', by('r', 'a', `made-up-${n}`), settled(1))
    const models = [...tallies.rows.values()].filter((row) => row.by === 'model')
    expect(models).toHaveLength(1_001)
    expect(models.at(-1)).toMatchObject({ provider: 'other', model: 'other', calls: 2_000 })
    countUsage(tallies, '2026-01-02', by('r', 'a'), settled(1))
    expect([...tallies.rows.values()].map(({ day, index }) => [day, index])).toEqual(
      Array.from({ length: 4 }, () => ['2026-01-02', 0]),
    )
  })

  it('have nothing of what was never sent or was refused, and count what was free or assumed', () => {
    const tallies = noTallies()
    const nothing = { charged: NONE, excess: NONE }
    const usage = { input: 1, output: 1, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
    expect(countUsage(tallies, '2026-01-01', by('r', 'a'), settled(0, nothing))).toEqual([])
    expect(tallies.rows.size).toBe(0)
    for (const [more, calls] of [
      [{ ...nothing, usage }, 1],
      [{ ...nothing, as: 'reserved' }, 2],
      [{ excess: { tokens: 1, nanoUsd: 0 } }, 3],
    ] as const)
      expect(countUsage(tallies, '2026-01-01', by('r', 'a'), settled(0, more))[0]).toMatchObject({ calls })
  })

  it('stop at what can be counted', () => {
    const tallies = noTallies()
    const most = Number.MAX_SAFE_INTEGER
    const usage = { input: most, output: 1, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
    countUsage(tallies, '2026-01-01', by('r', undefined), settled(most, { usage }))
    const [row] = countUsage(tallies, '2026-01-01', by('r', undefined), settled(5, { usage }))
    expect(row).toMatchObject({ charged: { nanoUsd: most }, tokens: { input: most, output: 2 } })
  })
})

const rowsBy = async ({ projections }: EngineOptions, kind: UsageBy) =>
  (await projections.query('default', 'usage', { by: kind })).rows

describe('the usage of an engine', () => {
  it('is in rows by item, run, agent, principal, team and model, with what was assumed', async () => {
    const { engine, options } = await spending(async (usage, _, run) => {
      await usage.reserve(call('c1', { tokens: 10, nanoUsd: 40 }))
      const tokens = { input: 1, output: 2, cacheRead: 3, cacheWrite5m: 4, cacheWrite1h: 5, reasoning: 1 }
      await usage.settle('c1', { ...used(30, 15), tokens })
      await usage.reserve({ ...call('c2', { tokens: 7, nanoUsd: 9 }), model: run })
      return []
    })
    for (const run of ['r1', 'r2']) {
      const member = { ...LOCAL, ...(run === 'r1' && { teams: ['web', 'data'] }) }
      await engine.submit(member, submission(run, [item('a', { agent: 'writer' }), item('b')]))
      await engine.sealed(run)
    }
    await engine.stop()
    const both = { calls: 2, assumed: 1, charged: { tokens: 17, nanoUsd: 39 }, excess: { tokens: 5, nanoUsd: 0 } }
    const rows = await rowsBy(options, 'item')
    expect(rows.map(({ run, item: id }) => `${run}/${id}`).toSorted()).toEqual(['r1/a', 'r1/b', 'r2/a', 'r2/b'])
    for (const row of rows) expect(row).toMatchObject({ calls: 2, assumed: 1, charged: { nanoUsd: 39 } })
    expect(both.calls).toBe(rows[0]?.calls)
    expect(await rowsBy(options, 'run')).toMatchObject([
      { run: 'r1', calls: 4, assumed: 2, charged: { nanoUsd: 78 }, tokens: { input: 2, cacheWrite1h: 10 } },
      { run: 'r2', calls: 4 },
    ])
    expect(await rowsBy(options, 'principal')).toMatchObject([{ principal: LOCAL.id, calls: 8, index: 0 }])
    expect(await rowsBy(options, 'agent')).toMatchObject([{ agent: 'writer', calls: 4, charged: { nanoUsd: 78 } }])
    expect(await rowsBy(options, 'team')).toMatchObject([
      { team: 'data', calls: 4, assumed: 2, charged: { nanoUsd: 78 }, index: 0 },
      { team: 'web', calls: 4, assumed: 2, charged: { nanoUsd: 78 }, index: 1 },
    ])
    const models = await rowsBy(options, 'model')
    expect(models.map(({ provider, model, calls }) => [provider, model, calls])).toEqual([
      ['p', 'm', 4],
      ['p', 'r1', 2],
      ['p', 'r2', 2],
    ])
  })

  it('goes on in its rows after a restart, with and without a snapshot', async () => {
    const { journal, projections } = memoryJournal()
    const forgetful = { ...journal, loadState: async () => undefined }
    for (const [run, kept] of [
      ['r1', journal],
      ['r2', journal],
      ['r3', forgetful],
    ] as const) {
      const { engine } = await spending(spend(10), { journal: kept, projections })
      await engine.submit(LOCAL, submission(run, [item('a')]))
      await engine.sealed(run)
      await engine.stop()
    }
    const { rows } = await projections.query('default', 'usage', { by: 'principal' })
    expect(rows.reduce((sum, { charged }) => sum + charged.nanoUsd, 0)).toBe(30)
  })

  it('that an earlier release recorded without rows has them after the first start', async () => {
    const { journal, projections } = memoryJournal()
    const before = {
      ...journal,
      append: (lease, size, batch, options) =>
        journal.append(lease, size, { ...batch, changes: withoutUsage(batch) }, options),
    } satisfies typeof journal
    const first = await spending(spend(10), { journal: before, projections })
    await first.engine.submit({ ...LOCAL, teams: ['web'] }, submission('r1', [item('a', { agent: 'writer' })]))
    await first.engine.sealed('r1')
    await first.engine.stop()
    expect(await rowsBy(first.options, 'item')).toEqual([])
    // Its snapshot is of another fold.
    const second = await spending(spend(10), { journal: { ...journal, loadState: async () => undefined }, projections })
    await second.engine.stop()
    for (const kind of KINDS)
      expect(await rowsBy(second.options, kind)).toMatchObject([{ calls: 1, charged: { nanoUsd: 10 } }])
  })
})

function withoutUsage({ changes }: JournalBatch): JournalBatch['changes'] {
  return [...changes].filter(({ projection }) => projection !== 'usage')
}

describe('how budgets stand', () => {
  it('is told of what has a limit: of a run, or of principals and the day', async () => {
    const { engine } = await spending(spend(45), { budgets: { principal: { nanoUsd: 100 }, day: { tokens: 1_000 } } })
    const spec = { workspace: { type: 'empty' }, budget: { tokens: 50 } } as const
    expect(engine.budgets().map(({ account }) => account.split(':')[0])).toEqual(['day'])
    await engine.submit(
      LOCAL,
      submission('r1', [budgeted('a', { nanoUsd: 50 }), budgeted('b', { nanoUsd: 9 }), item('c')], { spec }),
    )
    await until(() => engine.waiting('r1', 'b')?.for === 'parked' && engine.stats().running === 0)
    expect(engine.budgets('r1')).toMatchObject([
      { account: 'run:r1', limits: { tokens: 50 }, settled: { nanoUsd: 90, tokens: 2 }, warned: [] },
      { account: 'item:r1/a', limits: { nanoUsd: 50 }, settled: { nanoUsd: 45 }, reserved: NONE, warned: ['nanoUsd'] },
      { account: `principal:${LOCAL.id}`, limits: { nanoUsd: 100 }, settled: { nanoUsd: 90 }, warned: ['nanoUsd'] },
      { account: expect.stringMatching(/^day:/), limits: { tokens: 1_000 }, settled: { tokens: 2 } },
    ])
    expect(engine.budgets().map(({ account }) => account.split(':')[0])).toEqual(['principal', 'day'])
    expect(engine.budgets('r2')).toEqual([])
    await engine.stop()
  })
})

it('of a run that is over keeps no account in memory, also where nothing was taken from it', async () => {
  const { engine, options } = await spending(spend(60))
  await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 50 })]))
  await until(() => engine.waiting('r1', 'a')?.for === 'parked')
  const refusals = async () => only(await records(options), 'usage.refused').length
  await engine.approve(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), { nanoUsd: 1 })
  while ((await refusals()) < 2) await new Promise((resolve) => setImmediate(resolve))
  await engine.cancel(LOCAL, 'r1')
  await engine.sealed('r1')
  await engine.stop()
  const saved = await options.journal.loadState('default', FOLD_VERSION)
  expect(Buffer.from(saved?.bytes ?? []).toString()).toContain('"accounts":[]')
})
