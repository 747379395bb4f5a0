import type { AnyRecord, Journal, JournalBatch, ProjectionChange } from '@seamark/core'
import { memoryJournal } from '@seamark/testing'
import type { MemoryJournalOptions } from '@seamark/testing'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { itemRow, runRow } from '../src/project.ts'
import { parsePlaced } from '../src/records.ts'
import { recover } from '../src/recover.ts'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'

/** Turns and not time: on a slow machine a timer comes before a turn that was asked for earlier. */
const turns = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await setImmediate()
}
const items = (count: number) => Array.from({ length: count }, (_, i) => item(`i${i}`))
const queues = (concurrency: number) => ({ queues: { default: { concurrency } } })

interface Append {
  readonly records: readonly AnyRecord[]
  readonly changes: readonly ProjectionChange[]
}

/** A journal whose appends take some turns, as a server's do; rows are made when it writes them. */
function slowly(memory: MemoryJournalOptions = {}) {
  const { journal: inner, projections } = memoryJournal(memory)
  const appends: Append[] = []
  /** What is done while a batch is under way, before it is durable. */
  let meanwhile: (batch: readonly AnyRecord[]) => void = () => undefined
  let underWay = 0
  const journal: Journal = {
    ...inner,
    async append(lease, size, batch: JournalBatch, options) {
      underWay++
      const placed = batch.records.map(({ header }) => parsePlaced(header))
      await turns()
      meanwhile(placed)
      await turns()
      const changes = [...batch.changes]
      try {
        await inner.append(lease, size, { ...batch, changes }, options)
      } finally {
        underWay--
      }
      appends.push({ records: placed, changes })
    },
  }
  return {
    journal,
    projections,
    appends,
    underWay: () => underWay > 0,
    during(call: typeof meanwhile) {
      meanwhile = call
    },
  }
}

describe('while a group is appended', () => {
  it('the next one is decided: what came together is split so that there is one', async () => {
    const store = slowly()
    const { engine, notices } = await engineWith(fakeHands(), { ...store, ...queues(64) })
    await engine.submit(LOCAL, submission('r1', items(512)))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const ends = store.appends
      .map((append) => append.records.filter(({ kind }) => kind === 'attempt.ended').length)
      .filter((count) => count > 0)
    // 64 run at a time: one half is under way while the other is decided.
    expect(ends.length).toBeGreaterThanOrEqual(14)
    expect(Math.max(...ends)).toBeLessThan(64)
    expect(ends.reduce((sum, count) => sum + count, 0)).toBe(512)
    expect(notices).toEqual([])
  })

  for (const count of [40, 2_500])
    it(`its rows are those of its own records, of ${count} items`, async () => {
      const store = slowly()
      const { engine, options } = await engineWith(fakeHands(), { ...store, ...queues(count / 2) })
      await engine.submit(LOCAL, submission('r0', items(1)))
      // Half of the commands are decided while the other half, with the run, is appended.
      const canceled = items(count).slice(-36)
      const submitted = engine.submit(LOCAL, submission('r1', items(count)))
      await Promise.all([submitted, ...canceled.map(({ id }) => engine.cancel(LOCAL, 'r1', id))])
      await expect(engine.sealed('r1')).resolves.toBe('failed')
      await engine.stop()

      let seen = 0
      for (const { records: batch, changes } of store.appends) {
        seen += batch.length
        const { state } = await recover('default', upTo(options.journal, seen))
        for (const { projection, row } of changes) {
          if (projection === 'usage') continue
          const run = state.runs.get(row.run)
          // Of a sealed run nothing is in memory; its rows are looked at below.
          if (run === undefined) continue
          if (projection === 'runs') expect(row).toEqual(runRow(run, undefined))
          else {
            const found = run.items[row.index]
            expect(found && { ...itemRow(row.run, found), product: undefined }).toEqual({ ...row, product: undefined })
          }
        }
      }
      expect(seen).toBe((await records(options)).length)
      const { rows } = await options.projections.query('default', 'items', { run: 'r1' }, { limit: 1_000 })
      expect(
        rows
          .filter(({ item: id }) => !canceled.some((each) => each.id === id))
          .every(({ product }) => product !== undefined),
      ).toBe(true)
    })

  it('nothing is launched and nobody is answered before it is durable', async () => {
    const store = slowly()
    const durable = () =>
      new Set(
        store.appends.flatMap((append) =>
          append.records.flatMap((record) => (record.kind === 'item.launched' ? [record.data.launchId] : [])),
        ),
      )
    const early: string[] = []
    const hands = fakeHands()
    const executor = {
      ...hands.executor,
      launch: async (...[launchId, ...rest]: Parameters<typeof hands.executor.launch>) => {
        if (!durable().has(launchId)) early.push(launchId)
        return hands.executor.launch(launchId, ...rest)
      },
    }
    const { engine } = await engineWith({ ...hands, executor }, { ...store, ...queues(64) })
    await Promise.all(
      ['r1', 'r2', 'r3'].map(async (run) => {
        await engine.submit(LOCAL, submission(run, items(100)))
        if (!store.appends.some((append) => append.records.some((record) => record.run === run))) early.push(run)
        await engine.sealed(run)
      }),
    )
    await engine.stop()
    expect(early).toEqual([])
  })

  for (const fate of ['fail-before', 'fail-after'] as const)
    it(`and it fails (${fate}), both wait again and are recorded once`, async () => {
      let appends = 0
      const store = slowly({ onAppend: () => (++appends % 5 === 0 ? fate : 'ok') })
      const { engine, options, notices } = await engineWith(fakeHands(), { ...store, ...queues(64) })
      await engine.submit(LOCAL, submission('r1', items(256)))
      await expect(engine.sealed('r1')).resolves.toBe('succeeded')
      await engine.stop()
      expect(notices.length).toBeGreaterThan(0)
      const all = await records(options)
      const of = (kind: AnyRecord['kind']) => all.flatMap((record) => (record.kind === kind ? [record.item] : []))
      for (const kind of ['item.launched', 'attempt.ended'] as const) {
        expect(of(kind)).toHaveLength(256)
        expect(new Set(of(kind)).size).toBe(256)
      }
      await expect(recover('default', options.journal)).resolves.toMatchObject({ state: { size: all.length } })
    }, 30_000)

  it('and holds the seal of a run, a command about that run waits for it', async () => {
    const store = slowly()
    const { engine, options } = await engineWith(fakeHands(), { ...store, ...queues(64) })
    const asked: Promise<unknown>[] = []
    store.during((batch) => {
      // The first half of the ends: the second one, with the seal, is decided by then.
      if (batch.some(({ kind }) => kind === 'attempt.ended') && asked.length === 0)
        asked.push(engine.cancel(LOCAL, 'r1'), engine.submit(LOCAL, submission('r1', items(64))))
    })
    await engine.submit(LOCAL, submission('r1', items(64)))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await expect(Promise.all(asked)).resolves.toEqual([{ effective: false }, { run: 'r1', created: false }])
    await engine.stop()
    const chain = (await records(options)).filter(({ run }) => run === 'r1')
    expect(chain.map(({ kind }) => kind).slice(-3)).toEqual(['run.sealed', 'command.voided', 'run.sealed'])
    expect(chain.map(({ runSeq }) => runSeq)).toEqual(chain.map((_, index) => index))
  })

  it('no snapshot is taken, but one that is due gets its turn', async () => {
    const store = slowly()
    const saved: number[] = []
    const early: number[] = []
    const journal: Journal = {
      ...store.journal,
      saveState(lease, snapshot) {
        if (store.underWay()) early.push(snapshot.size)
        saved.push(snapshot.size)
        return store.journal.saveState(lease, snapshot)
      },
    }
    const { engine, options, notices } = await engineWith(fakeHands(), {
      ...store,
      journal,
      ...queues(64),
      recordsPerSnapshot: 10,
    })
    const oneAfterTheOther = async (i: number) => {
      for (let n = 0; n < 8; n++) {
        await engine.submit(LOCAL, submission(`r${i}-${n}`, items(8)))
        await engine.sealed(`r${i}-${n}`)
      }
    }
    await Promise.all(Array.from({ length: 40 }, (_, i) => oneAfterTheOther(i)))
    await engine.stop()
    expect({ notices, early }).toEqual({ notices: [], early: [] })
    const all = await records(options)
    // Under load too, and not only once nothing is left to do.
    expect(Math.min(...saved)).toBeLessThan(all.findLastIndex(({ kind }) => kind === 'attempt.ended') - 200)
  })
})

/** The journal as it was with so many records, without snapshots. */
function upTo(journal: Journal, size: number): Journal {
  return {
    ...journal,
    loadState: async () => undefined,
    read: (ns, from, request) => journal.read(ns, from, { ...request, to: size }),
  }
}
