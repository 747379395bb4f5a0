import { systemClock } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import type { Engine } from '../src/index.ts'
import { createEngine } from '../src/index.ts'
import { LOCAL, engineWith, fakeHands, item, records, submission } from './harness.ts'
import { only } from './records.ts'

const terms = { graceMs: 10, runsMs: 0 }
const reason = 'x'.repeat(200)

describe('holds and collections', () => {
  it.each([1, 1_000_000])('are the same after a restart, with a snapshot after %i records', async (every) => {
    const { engine, options } = await engineWith(fakeHands(), { recordsPerSnapshot: every })
    const run = await sealedRun(engine)
    const long = engine.hold(LOCAL, run, 'x'.repeat(201))
    await expect(long).rejects.toMatchObject({ code: 'INVALID_INPUT', problems: [{ place: { pointer: '/reason' } }] })
    await expect(engine.hold(LOCAL, run, reason)).resolves.toEqual({ created: true })
    await expect(engine.hold(LOCAL, run)).resolves.toEqual({ created: false })
    await expect(engine.hold(LOCAL, 'no-such-run')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const begun = await engine.collect(LOCAL, terms)
    await expect(engine.collect(LOCAL, terms)).rejects.toMatchObject({ code: 'CONFLICT' })
    const before = engine.storage()
    expect(before).toMatchObject({ holds: [{ run, reason, placedBy: LOCAL.id }], collection: begun })
    await engine.stop()

    const again = createEngine(options)
    await again.start()
    // The process that removed blobs is gone.
    expect(again.storage()).toEqual({ ...before, collection: undefined })
    await expect(again.collected(begun.seq, { outcome: 'done', removed: 0, bytes: 0 })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    // It was held when that one began.
    expect([again.givenUp(run, 1), again.givenUp('other', 1)]).toEqual([
      undefined,
      { at: begun.at, runsBefore: begun.runsBefore },
    ])
    await expect(again.release(LOCAL, run)).resolves.toEqual({ released: true })
    expect(again.givenUp(run, 1)).toBeUndefined()
    await expect(again.release(LOCAL, run)).resolves.toEqual({ released: false })
    const second = await again.collect(LOCAL, terms)
    await again.collected(second.seq, { outcome: 'done', removed: 3, bytes: 9 })
    expect(again.storage()).toEqual({ holds: [], collection: undefined })
    expect(again.givenUp(run, 1)).toEqual({ at: second.at, runsBefore: second.runsBefore })
    await again.stop()
    const log = await records(options)
    expect(only(log, 'collection.ended')).toMatchObject([{ cause: second.seq, data: { removed: 3, bytes: 9 } }])
  })

  it('a run that a collection is giving up is held only after it, and one in flight at once', async () => {
    let ahead = 0
    const clock = { ...systemClock, now: () => Date.now() + ahead }
    const hands = fakeHands((task) =>
      task.run === 'in-flight' ? 'hold' : { outcome: 'succeeded', reason: 'completed' },
    )
    const { engine } = await engineWith(hands, { clock })
    const run = await sealedRun(engine)
    await engine.submit(LOCAL, submission('in-flight', [item('a')]))
    ahead = 1_000
    const { seq, runsBefore } = await engine.collect(LOCAL, terms)
    expect(runsBefore).toBeGreaterThan(Date.now())
    await expect(engine.hold(LOCAL, run)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(engine.hold(LOCAL, 'in-flight')).resolves.toEqual({ created: true })
    await engine.collected(seq, { outcome: 'failed', removed: 0, bytes: 0 })
    await expect(engine.hold(LOCAL, run)).resolves.toEqual({ created: true })
    await engine.stop({ cancelRunning: true })
  })

  it('a run that is over is held only after a collection that goes on with an earlier one of just one run', async () => {
    const hands = fakeHands((task) => (task.run === 'slow' ? 'hold' : { outcome: 'succeeded', reason: 'completed' }))
    const { engine } = await engineWith(hands)
    const run = await sealedRun(engine)
    await engine.submit(LOCAL, submission('slow', [item('a')]))
    await engine.submit(LOCAL, submission('other', [item('a')]))
    await engine.sealed('other')
    const first = await engine.removeRun(LOCAL, run)
    // There is no earlier one.
    await expect(engine.hold(LOCAL, 'other')).resolves.toEqual({ created: true })
    await engine.collected(first.seq, { outcome: 'failed', removed: 0, bytes: 0 })
    const { seq } = await engine.collect(LOCAL, { graceMs: 10 })
    await expect(engine.hold(LOCAL, run)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(engine.hold(LOCAL, 'other')).resolves.toEqual({ created: false })
    await expect(engine.hold(LOCAL, 'slow')).resolves.toEqual({ created: true })
    await engine.collected(seq, { outcome: 'done', removed: 0, bytes: 0 })
    await expect(engine.hold(LOCAL, run)).resolves.toEqual({ created: true })
    await engine.stop({ cancelRunning: true })
  })

  it('of one run remove what was stored up to its seal, before the oldest attempt began that is under way', async () => {
    const hands = fakeHands((task) => (task.run === 'slow' ? 'hold' : { outcome: 'succeeded', reason: 'completed' }))
    const { engine, options } = await engineWith(hands)
    const run = await sealedRun(engine)
    const { rows } = await options.projections.query('default', 'runs', { run })
    const before = (await records(options)).length
    const limits = await engine.removalLimits(LOCAL, run)
    expect(await records(options)).toHaveLength(before)
    const { seq, storedBefore } = await engine.removeRun(LOCAL, run)
    expect(limits).toEqual({ run, storedBefore })
    await expect(engine.removalLimits(LOCAL, run)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(storedBefore).toBe((rows[0]?.sealedAt ?? 0) + 1)
    await engine.collected(seq, { outcome: 'done', removed: 0, bytes: 0 })
    await engine.submit(LOCAL, submission('slow', [item('a')]))
    const launched = async () =>
      only(await records(options), 'item.launched').find((record) => record.run === 'slow')?.at ?? 0
    await expect.poll(launched).toBeGreaterThan(0)
    await expect(engine.removeRun(LOCAL, 'slow')).rejects.toMatchObject({ code: 'CONFLICT' })
    await engine.submit(LOCAL, submission('after', [item('a')]))
    await engine.sealed('after')
    expect(await engine.removeRun(LOCAL, 'after')).toMatchObject({ run: 'after', storedBefore: await launched() })
    await engine.stop({ cancelRunning: true })
  })

  it('leave what was stored since the oldest attempt began that is under way, less the grace', async () => {
    let ahead = 0
    const clock = { ...systemClock, now: () => Date.now() + ahead }
    const { engine, options } = await engineWith(
      fakeHands(() => 'hold'),
      { clock, recordsPerSnapshot: 1 },
    )
    await engine.submit(LOCAL, submission('slow', [item('a')]))
    const launched = async () => only(await records(options), 'item.launched')[0]?.at ?? 0
    await expect.poll(launched).toBeGreaterThan(0)
    const at = await launched()
    ahead = 1_000_000
    const { seq, storedBefore } = await engine.collect(LOCAL, terms)
    expect(storedBefore).toBe(at - terms.graceMs)
    await engine.collected(seq, { outcome: 'done', removed: 0, bytes: 0 })
    await engine.stop()

    const again = createEngine(options)
    await again.start()
    expect(again.collectionLimits(terms).storedBefore).toBe(at - terms.graceMs)
    await again.cancel(LOCAL, 'slow')
    await again.sealed('slow')
    expect(again.collectionLimits(terms).storedBefore).toBeGreaterThan(at + ahead - 2 * terms.graceMs)
    await again.stop()
  })

  it('are placed and begun by who may', async () => {
    const { engine, options } = await engineWith(fakeHands(), {
      authorizer: {
        spec: 'authorizer/v1',
        kind: 'test',
        name: 'test',
        guarantees: {},
        authorize: async ({ action }) => ({ allowed: action === 'run.submit', reasons: [], policy: 'test' }),
      },
    })
    const run = await sealedRun(engine)
    await expect(engine.hold(LOCAL, run)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(engine.release(LOCAL, run)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(engine.collect(LOCAL, terms)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(engine.collect(LOCAL, { graceMs: -1 })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await engine.stop()
    const actions = only(await records(options), 'command.denied').map(({ data }) => data.action)
    expect(actions.slice(0, 3)).toEqual(['run.hold', 'run.release', 'storage.collect'])
  })
})

async function sealedRun(engine: Engine): Promise<string> {
  await engine.submit(LOCAL, submission('r1', [item('a')]))
  await engine.sealed('r1')
  return 'r1'
}
