import type { Journal, JournalBatch, UsageBy, UsageRow } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { jcsText } from '@seamark/log'
import { fakeClock, memoryJournal } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { FOLD_VERSION } from '../src/index.ts'
import type { EngineOptions } from '../src/index.ts'
import { recover } from '../src/recover.ts'
import { rowWriter } from '../src/recovered-rows.ts'
import { stage } from '../src/stage.ts'
import { rowKey } from '../src/usage-tallies.ts'
import { item, LOCAL, submission } from './harness.ts'
import { until } from './records.ts'
import { budgeted, spend, spending } from './spending.ts'

const KINDS: readonly UsageBy[] = ['item', 'run', 'agent', 'principal', 'team', 'model']

describe('a recovery without a snapshot', () => {
  /** Six runs on three days, and what their rows hold. */
  async function spent() {
    const made = memoryJournal()
    const clock = fakeClock(Date.UTC(2026, 0, 1, 12))
    const { engine, options } = await spending(spend(10), { ...made, clock })
    for (const [at, run] of ['r1', 'r2', 'r3', 'r4', 'r5', 'r6'].entries()) {
      if (at % 2 === 1) clock.advance(86_400_000 / 2)
      await engine.submit(LOCAL, submission(run, [item('a'), item('b')]))
      await engine.sealed(run)
    }
    await engine.stop()
    return { ...made, bare: { ...made.journal, loadState: async () => undefined }, all: await allRows(options) }
  }

  it('writes rows of what is over on the way, each as it will always be, and leaves few', async () => {
    const { bare, all } = await spent()
    const written: UsageRow[][] = []
    const { state } = await recover('default', bare, async (rows) => written.push([...rows]) > 0, 2)
    const left = state.todo.usage
    const both = [...written.flat(), ...left.values()]
    expect(new Set(both.map(rowKey)).size).toBe(both.length)
    expect(both.map(jcsText).toSorted()).toEqual(all.map(jcsText).toSorted())
    expect(written.length).toBeGreaterThan(5)
    expect(Math.max(...written.map(({ length }) => length))).toBe(2)
    // Five rows of a day and its open run may change at any time, and two are gathered.
    expect(left.size).toBeLessThanOrEqual(7)
    expect(all.length).toBeGreaterThan(3 * 7 - 1)
  })

  it('keeps what can not be written now, and ends where nothing can be', async () => {
    const { bare, all } = await spent()
    let asked = 0
    const { state } = await recover('default', bare, async () => ++asked % 2 === 0, 2)
    expect(asked).toBeGreaterThan(2)
    const none = await recover('default', bare, async () => false, 2)
    expect([...none.state.todo.usage.values()].map(jcsText).toSorted()).toEqual(all.map(jcsText).toSorted())
    expect(state.todo.usage.size).toBeLessThan(none.state.todo.usage.size)
    const away = async () => Promise.reject(new SeamError('CONFLICT', 'The lease is lost.'))
    await expect(recover('default', bare, away, 2)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('writes them all, whatever the journal answers, but for one that is not its own any more', async () => {
    const { bare, all } = await spent()
    const { journal, projections } = memoryJournal()
    const fates = ['fail-before', 'ok', 'fail-after', 'ok', 'ok'] as const
    const told: Error[] = []
    let asked = 0
    const rows = new Map<string, UsageRow>()
    const lossy: Journal = {
      ...journal,
      async append(lease, size, batch, options) {
        const fate = fates[asked++] ?? 'fail-before'
        if (fate !== 'fail-before')
          for (const change of batch.changes)
            if (change.projection === 'usage') rows.set(rowKey(change.row), change.row)
        if (fate !== 'ok') throw new SeamError('UNAVAILABLE', 'The answer was lost.')
        await journal.append(lease, size, batch, options)
      },
    }
    const lease = await journal.acquire('default', 'test')
    const write = rowWriter({ journal: lossy, lease, notice: (error) => told.push(error) })
    const { state } = await recover('default', bare, write, 2)
    expect([asked > fates.length, told.length]).toEqual([true, asked - 3])
    for (const [key, row] of state.todo.usage) rows.set(key, row)
    expect([...rows.values()].map(jcsText).toSorted()).toEqual(all.map(jcsText).toSorted())
    expect((await projections.query('default', 'usage', { by: 'item' })).rows.length).toBeGreaterThan(0)
    await lease.release()
    const late = rowWriter({ journal, lease, notice: (error) => told.push(error) })
    await expect(late(all.slice(0, 1))).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('of an engine makes the rows whole again, many of them before it has started', async () => {
    let rowsOnly = 0
    const { journal, projections } = memoryJournal({
      onAppend: ({ records: some }) => (some.length === 0 && rowsOnly++, 'ok'),
    })
    let dropping = true
    const bare: Journal = {
      ...journal,
      loadState: async () => undefined,
      append: (lease, size, batch, options) =>
        journal.append(lease, size, dropping ? { ...batch, changes: withoutUsage(batch) } : batch, options),
    }
    const clock = fakeClock(Date.UTC(2026, 0, 1, 12))
    const before = await spending(spend(10), { journal: bare, projections, clock })
    for (const run of ['r1', 'r2', 'r3']) {
      await before.engine.submit(
        LOCAL,
        submission(
          run,
          Array.from({ length: 400 }, (_, n) => item(`i${n}`)),
        ),
      )
      await before.engine.sealed(run)
    }
    await before.engine.stop()
    expect([await allRows(before.options), rowsOnly]).toEqual([[], 0])
    dropping = false
    const after = await spending(spend(10), { journal: bare, projections, clock })
    expect(rowsOnly).toBe(1)
    await after.engine.stop()
    const rows = await allRows(after.options)
    for (const [kind, count] of [
      ['item', 1_200],
      ['run', 3],
      ['principal', 1],
    ] as const) {
      // prettier-ignore
      const some = rows.filter((row) => row.by === kind)
      expect(some.reduce((sum, { charged }) => sum + charged.nanoUsd, 0)).toBe(12_000)
      expect(some).toHaveLength(count)
    }
  })

  it('has its rows written with the first record that there is', async () => {
    const { bare } = await spent()
    const { state, chains } = await recover('default', bare)
    const gathered = state.todo.usage.size
    const options = {
      now: 0,
      random: () => 0.5,
      epoch: 9,
      queues: {},
      facts: { probeOf: () => undefined, instructionsOf: () => undefined },
      holdBack: undefined,
      finishing: false,
    }
    const nothing = stage(state, chains, [], options)
    expect([nothing.records, nothing.usage, state.todo.usage.size]).toEqual([[], [], gathered])
    const data = { size: 1, kind: 'test', name: 'away', code: 'UNAVAILABLE' }
    const first = stage(state, chains, [{ type: 'unanchored', data }], options)
    expect([first.records.length, first.usage.length, state.todo.usage.size]).toEqual([1, gathered, 0])
  })

  it('that does not come to its first batch leaves no snapshot without the rows', async () => {
    const { journal, projections } = memoryJournal()
    const before: Journal = {
      ...journal,
      append: (lease, size, batch, options) =>
        journal.append(lease, size, { ...batch, changes: withoutUsage(batch) }, options),
      saveState: async () => undefined,
    }
    const { engine } = await spending(spend(10), { journal: before, projections })
    await engine.submit(LOCAL, submission('r1', [item('a'), budgeted('b', { nanoUsd: 5 })]))
    await until(() => engine.waiting('r1', 'b')?.for === 'parked' && engine.stats().running === 0)
    await engine.stop()
    const queues = { other: { concurrency: 1 } }
    await expect(spending(spend(10), { journal, projections, queues })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await journal.loadState('default', FOLD_VERSION)).toBeUndefined()
  })
})

async function allRows({ projections }: EngineOptions): Promise<readonly UsageRow[]> {
  const all: UsageRow[] = []
  for (const by of KINDS)
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await projections.query(
        'default',
        'usage',
        { by },
        { limit: 1_000, ...(cursor !== undefined && { cursor }) },
      )
      all.push(...page.rows)
      cursor = page.cursor
    }
  return all
}

function withoutUsage({ changes }: JournalBatch): JournalBatch['changes'] {
  return [...changes].filter(({ projection }) => projection !== 'usage')
}
