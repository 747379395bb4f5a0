import type { Executor } from '@seamark/core'
import { memoryJournal } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'
import { only, SUCCEEDED } from './records.ts'

const GATE = { run: 'test', protect: [], timeoutMs: 1_000 }
const SRC = [{ type: 'tree', path: 'src' }] as const

/** An executor that has no room for gates while `full` says so. */
function crowded(full: () => boolean, retryAfterMs = 20) {
  const hands = fakeHands(({ item: spec }) => (spec?.id.startsWith('held') ? 'hold' : SUCCEEDED))
  const released: string[] = []
  const launch: Executor['launch'] = async (launchId, spec) =>
    hands.tasks.get(launchId)?.step.startsWith('gate') === true && full()
      ? { outcome: 'refused', reason: 'capacity', retryAfterMs }
      : hands.executor.launch(launchId, spec)
  const release = async ({ launchId }: { readonly launchId: string }) => void released.push(launchId)
  return {
    ...hands,
    released,
    executor: { ...hands.executor, launch },
    worker: { ...hands.worker, release },
  }
}

const one = { queues: { default: { concurrency: 1 } } }

describe('a gate that is refused for capacity', () => {
  it('gives its slot to others, keeps its locks, and goes before what has not begun', async () => {
    let full = true
    const hands = crowded(() => full)
    const { engine, options } = await engineWith(hands, one)
    const items = [
      item('a', { gates: [GATE, GATE], locks: SRC }),
      item('locked', { locks: SRC }),
      item('held1'),
      ...['b', 'c', 'd'].map((id) => item(id, { priority: 100, needs: [{ from: 2 }] })),
    ]
    await engine.submit(LOCAL, submission('r1', items))
    // The one slot is taken by another item, and the gate is asked for again when that has ended.
    await expect.poll(() => hands.running()).toHaveLength(1)
    expect(engine.waiting('r1', 'locked')).toMatchObject({ for: 'lock', heldBy: { item: 'a' } })
    await expect.poll(() => engine.waiting('r1', 'a')?.for).toBe('queue')
    full = false
    hands.exit(hands.running()[0] ?? '')
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    const launches = only(log, 'item.launched')
    const begun = launches.map(({ item: id, data }) => `${id} ${data.step}`)
    const at = begun.lastIndexOf('a gate:0')
    expect(begun.slice(0, 3)).toEqual(['a main', 'a gate:0', 'held1 main'])
    // b, c and d wait for the same slot, with a higher priority.
    expect(begun.slice(at, at + 2)).toEqual(['a gate:0', 'a gate:1'])
    expect(begun.indexOf('b main')).toBeGreaterThan(at)
    expect(begun.indexOf('locked main')).toBeGreaterThan(at + 1)
    const gates = launches.filter(({ data }) => data.step === 'gate:0')
    expect(new Set(gates.map(({ data, attempt }) => `${data.launchId} ${attempt}`)).size).toBe(1)
    expect(new Set(gates.map(({ fence }) => fence)).size).toBe(gates.length)
    for (const { data } of only(log, 'item.parked'))
      expect(data).toMatchObject({ reason: 'capacity', locksUntil: data.resumeAt })
    expect(only(log, 'gate.ended').every(({ data }) => data.passed)).toBe(true)
    expect(only(log, 'attempt.ended').every(({ data }) => data.outcome === 'succeeded')).toBe(true)
  })

  it.each(['run', 'item'] as const)('ends its attempt when its %s is cancelled', async (what) => {
    const hands = crowded(() => true, 60_000)
    const { engine, options } = await engineWith(hands, one)
    await engine.submit(LOCAL, submission('r1', [item('a', { gates: [GATE] }), item('b', { needs: [{ from: 0 }] })]))
    await expect.poll(() => engine.waiting('r1', 'a')?.for).toBe('parked')
    await engine.cancel(LOCAL, 'r1', what === 'item' ? 'a' : undefined)
    await expect(engine.sealed('r1')).resolves.toBe(what === 'item' ? 'failed' : 'canceled')
    const log = await records(options)
    const launched = only(log, 'item.launched')
    await expect.poll(() => hands.released.toSorted()).toEqual(launched.map(({ data }) => data.launchId).toSorted())
    await engine.stop()
    const [gate] = launched.filter(({ data }) => data.step === 'gate:0')
    const about = { attempt: 1, fence: gate?.fence, data: { outcome: 'canceled', reason: 'requested' } }
    expect(only(log, 'attempt.ended')).toMatchObject([about])
    expect(only(log, 'item.settled')).toMatchObject([about])
    const { rows } = await options.projections.query('default', 'items', { run: 'r1', item: 'a' })
    expect(rows[0]?.product).toBeUndefined()
  })

  it.each([1, 100_000])('is asked for again after a restart, with a snapshot every %d records', async (every) => {
    let full = true
    const hands = crowded(() => full)
    const { engine, options } = await engineWith(hands, { ...one, recordsPerSnapshot: every })
    await engine.submit(LOCAL, submission('r1', [item('a', { gates: [GATE] }), item('held1')]))
    await expect.poll(() => engine.waiting('r1', 'a')?.for).toBe('queue')
    await engine.stop()
    full = false
    const journal = { ...options.journal, ...(every > 1 && { loadState: async () => undefined }) }
    const { engine: next } = await engineWith(hands, { ...options, journal })
    expect(next.stats()).toMatchObject({ running: 1, waiting: 1 })
    hands.exit(hands.running()[0] ?? '')
    await expect(next.sealed('r1')).resolves.toBe('succeeded')
    await next.stop()
    expect(only(await records(options), 'item.launched').filter(({ data }) => data.step === 'main')).toHaveLength(2)
  })

  it('is not asked for without a pause', async () => {
    let asked = 0
    const hands = crowded(() => ++asked < 10_000, 0)
    const { engine, options } = await engineWith(hands, one)
    await engine.submit(LOCAL, submission('r1', [item('a', { gates: [GATE], locks: SRC })]))
    await expect.poll(() => asked).toBeGreaterThan(2)
    await engine.cancel(LOCAL, 'r1')
    await engine.sealed('r1')
    await engine.stop()
    for (const { at, data } of only(await records(options), 'item.parked')) expect(data.locksUntil).toBeGreaterThan(at)
  })
})

describe('on a full disk', () => {
  it('gates of what has begun are launched, a gate that was refused is not, and nothing new is', async () => {
    let full = false
    let crowd = false
    const hands = crowded(() => crowd, 20)
    const journal = memoryJournal({ full: () => full })
    const { engine, options } = await engineWith(hands, { ...journal, queues: { default: { concurrency: 2 } } })
    await engine.submit(LOCAL, submission('r1', [item('held1', { gates: [GATE] }), item('held2'), item('b')]))
    await expect.poll(() => hands.running()).toHaveLength(2)
    full = true
    const launchIdOf = (id: string) => hands.running().find((each) => hands.tasks.get(each)?.item?.id === id) ?? ''
    hands.exit(launchIdOf('held1'))
    // Held too: the fake holds every step of it.
    await expect.poll(() => hands.tasks.get(launchIdOf('held1'))?.step).toBe('gate:0')
    hands.exit(launchIdOf('held1'))
    await expect
      .poll(async () => only(await records(options), 'item.settled').map(({ item: id }) => id))
      .toEqual(['held1'])
    expect(engine.waiting('r1', 'b')).toEqual({ for: 'disk' })
    await engine.cancel(LOCAL, 'r1')
    await expect(engine.sealed('r1')).resolves.toBe('canceled')

    full = false
    crowd = true
    await expect
      .poll(() => engine.submit(LOCAL, submission('r2', [item('a', { gates: [GATE] })])).catch(() => undefined), {
        timeout: 10_000,
      })
      .toBeDefined()
    await expect.poll(async () => only(await records(options), 'item.parked').length).toBeGreaterThan(0)
    full = true
    await expect.poll(() => engine.waiting('r2', 'a'), { timeout: 5_000 }).toEqual({ for: 'disk' })
    // Only now: a launch that was recorded before the disk was full would still find room.
    crowd = false
    await engine.cancel(LOCAL, 'r2')
    await expect(engine.sealed('r2')).resolves.toBe('canceled')
    await engine.stop()
  }, 20_000)
})
