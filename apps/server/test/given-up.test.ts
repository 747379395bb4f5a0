import type { CollectionTerms } from '@seamark/orchestrator'
import { systemClock } from '@seamark/kit'
import { instantItem, memoryJournal } from '@seamark/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { givenUpAt, isGoing, requireNoCollection } from '../src/given-up.ts'
import { smallEngine } from './small-engine.ts'

const principal = { id: 'local:1000' }
const HOUR = 3_600_000

/** A sealed run, and a clock that a test moves. */
async function sealedRun() {
  const store = memoryJournal()
  let ahead = 0
  const engine = smallEngine(store, { clock: { ...systemClock, now: () => Date.now() + ahead } })
  await engine.start()
  const items = [instantItem('a')]
  await engine.submit(principal, { run: 'r', plan: 'a'.repeat(64), spec: { workspace: { type: 'empty' } }, items })
  await engine.sealed('r')
  const { rows } = await store.projections.query('default', 'runs', { run: 'r' })
  const row = rows[0]
  if (row === undefined) throw new Error('There is no row.')
  return {
    engine,
    row,
    async collect(terms: Partial<CollectionTerms>, meanwhile?: () => Promise<unknown> | void): Promise<void> {
      ahead += HOUR
      const { seq } = await engine.collect(principal, { graceMs: HOUR, ...terms })
      await meanwhile?.()
      await engine.collected(seq, { outcome: 'done', removed: 0, bytes: 0 })
    },
    /** As the service that leads knows it, and as one that only answers finds it. */
    async gone() {
      const led = await givenUpAt({ engine, ns: 'default', journal: store.journal }, row, {})
      const read = await givenUpAt({ engine: undefined, ns: 'default', journal: store.journal }, row, {})
      return [led, read]
    },
    going: () => isGoing({ engine, ns: 'default', journal: store.journal }, row, {}),
    taken: () => requireNoCollection({ engine, ns: 'default', journal: store.journal }, row, {}),
  }
}

describe('what a run left', () => {
  it('is neither going nor gone where only snapshots are given up', async () => {
    const { collect, gone, going } = await sealedRun()
    let was = true
    await collect({ snapshotsMs: 0 }, async () => void (was = await going()))
    expect([was, ...(await gone())]).toEqual([false, undefined, undefined])
    await collect({ runsMs: 0 }, async () => void (was = await going()))
    expect(was).toBe(true)
    const [led, read] = await gone()
    expect([led, read]).toEqual([expect.any(Number), led])
    // When that was stays, whatever is collected later.
    await collect({ snapshotsMs: 0 })
    expect(await gone()).toEqual([led, led])
  })

  it('is not to be taken while a collection gives it up, or its snapshots, unless it is held', async () => {
    const { engine, collect, taken } = await sealedRun()
    const refused = expect.objectContaining({ code: 'CONFLICT' })
    for (const terms of [{ runsMs: 0 }, { snapshotsMs: 0 }])
      await collect(terms, () => expect(taken()).rejects.toEqual(refused))
    await taken()
    await collect({ runsMs: 50 * HOUR }, taken)
    await engine.hold(principal, 'r')
    await collect({ runsMs: 0 }, taken)
    await collect({ snapshotsMs: 0 }, taken)
  })

  it('is there after a collection that began while it was held, also where it was released during that', async () => {
    const { engine, collect, gone, going } = await sealedRun()
    await engine.hold(principal, 'r')
    let was = true
    await collect({ runsMs: 0 }, async () => {
      await engine.release(principal, 'r')
      was = await going()
    })
    expect([was, ...(await gone())]).toEqual([false, undefined, undefined])
    await collect({ runsMs: 0 })
    expect(await gone()).toEqual([expect.any(Number), expect.any(Number)])
  })

  it('is going and gone where somebody asked for that, not held, and once nothing else is under way', async () => {
    const { engine, collect, gone, going, taken } = await sealedRun()
    const refused = { code: 'CONFLICT' }
    await engine.hold(principal, 'r')
    await expect(engine.removeRun(principal, 'r')).rejects.toMatchObject(refused)
    await engine.release(principal, 'r')
    await collect({}, () => expect(engine.removeRun(principal, 'r')).rejects.toMatchObject(refused))
    await expect(engine.removeRun(principal, 'none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const { seq, at } = await engine.removeRun(principal, 'r')
    expect(await going()).toBe(true)
    await expect(taken()).rejects.toMatchObject(refused)
    await expect(engine.hold(principal, 'r')).rejects.toMatchObject(refused)
    await expect(engine.collect(principal, { graceMs: HOUR })).rejects.toMatchObject(refused)
    await engine.collected(seq, { outcome: 'done', removed: 0, bytes: 0 })
    expect([await going(), ...(await gone())]).toEqual([false, at, at])
  })

  it('is going in each collection after somebody asked for that, and no other run is', async () => {
    const { engine, collect, going, taken } = await sealedRun()
    const refused = { code: 'CONFLICT' }
    await engine.submit(principal, {
      run: 'other',
      plan: 'b'.repeat(64),
      spec: { workspace: { type: 'empty' } },
      items: [instantItem('a')],
    })
    await engine.sealed('other')
    const other = await engine.removeRun(principal, 'other')
    await engine.collected(other.seq, { outcome: 'done', removed: 0, bytes: 0 })
    await collect({ runsMs: 50 * HOUR }, async () => {
      expect(await going()).toBe(false)
      await taken()
    })
    const { seq } = await engine.removeRun(principal, 'r')
    await engine.collected(seq, { outcome: 'failed', removed: 0, bytes: 0 })
    const young = async () => {
      expect(await going()).toBe(true)
      await expect(taken()).rejects.toMatchObject(refused)
      await expect(engine.hold(principal, 'r')).rejects.toMatchObject(refused)
    }
    await collect({ runsMs: 50 * HOUR }, young)
    await collect({}, young)
    const again = await engine.removeRun(principal, 'other')
    await young()
    await engine.collected(again.seq, { outcome: 'done', removed: 0, bytes: 0 })
    await taken()
    await engine.hold(principal, 'r')
    await collect({}, async () => {
      expect(await going()).toBe(false)
      await taken()
    })
  })

  it('is given up by the same collections for who leads and for who reads the log', async () => {
    const ages = fc.constantFrom({ runsMs: 0 }, { runsMs: 50 * HOUR }, { snapshotsMs: 0 }, { runsMs: 1.5 * HOUR })
    const step = fc.oneof(fc.constant('hold' as const), fc.constant('release' as const), ages)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { engine, collect, gone } = await sealedRun()
        let held = false
        let expected = false
        let hours = 0
        for (const each of steps) {
          if (each === 'hold') await engine.hold(principal, 'r')
          else if (each === 'release') await engine.release(principal, 'r')
          else {
            await collect(each)
            hours++
            if (!held && 'runsMs' in each && each.runsMs < hours * HOUR) expected = true
          }
          if (typeof each === 'string') held = each === 'hold'
        }
        const found = await gone()
        expect(found.map((at) => at !== undefined)).toEqual([expected, expected])
        await engine.stop()
      }),
      { numRuns: 50 },
    )
  })
})
