import type { ItemSpec, StepReport } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'
import { FAILED, only, SUCCEEDED } from './records.ts'

describe('setup layers', () => {
  const setup = { run: 'npm ci', key: ['package.json'], paths: ['node_modules'], timeoutMs: 1_000 }
  const layers = { fake: { digest: 'f'.repeat(64), ready: false } }

  it('are built once for all items and runs that need them', async () => {
    const hands = fakeHands()
    const { engine, options } = await engineWith(hands)
    const spec = { workspace: { type: 'empty' }, setup } as const
    await Promise.all(
      ['r1', 'r2'].map((run) => engine.submit(LOCAL, submission(run, [item('a'), item('b')], { spec, layers }))),
    )
    await Promise.all([engine.sealed('r1'), engine.sealed('r2')])
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'layer.launched')).toHaveLength(1)
    expect(only(log, 'item.launched').every(({ data }) => data.layer === layers.fake.digest)).toBe(true)
  })

  it('that can not be built skip what needs them', async () => {
    const { engine, options } = await engineWith(fakeHands(({ step }) => (step === 'setup' ? FAILED : SUCCEEDED)))
    await engine.submit(
      LOCAL,
      submission('r1', [item('a'), item('b')], { spec: { workspace: { type: 'empty' }, setup }, layers }),
    )
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'layer.ended').map(({ data }) => [data.outcome, data.reason])).toEqual([['failed', 'exit-code']])
    expect(only(log, 'items.settled').map(({ data }) => data)).toEqual([
      { outcome: 'skipped', ranges: [[0, 1]], reason: 'setup' },
    ])
  })

  const planned = (run: string, max: readonly number[], delayMs = 40) =>
    submission(
      run,
      max.map((retries, index): ItemSpec =>
        item(`i${index}`, { retries: { max: retries, minDelayMs: delayMs, maxDelayMs: delayMs } }),
      ),
      { spec: { workspace: { type: 'empty' }, setup }, layers },
    )
  /** The first builds come to this, the others succeed. */
  const building = (...first: (StepReport['verdict'] | 'lost')[]) =>
    fakeHands(({ step, attempt }) => (step === 'setup' ? (first[attempt - 1] ?? SUCCEEDED) : SUCCEEDED))

  it.each(['lost', FAILED] as const)('that are %s are tried again after a delay that is recorded', async (end) => {
    const { engine, options } = await engineWith(building(end))
    await engine.submit(LOCAL, planned('r1', [0, 1]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    const [lost, ready] = only(log, 'layer.ended')
    expect([lost?.data.outcome, ready?.data.outcome]).toEqual(['failed', 'ready'])
    const retryAt = lost?.data.retryAt ?? 0
    expect(retryAt - (lost?.at ?? 0)).toBeGreaterThanOrEqual(20)
    expect(retryAt - (lost?.at ?? 0)).toBeLessThanOrEqual(40)
    const [first, second] = only(log, 'layer.launched')
    expect([first?.attempt, second?.attempt]).toEqual([1, 2])
    expect(second?.at).toBeGreaterThanOrEqual(retryAt)
    expect(second?.data.launchId).not.toBe(first?.data.launchId)
    expect(ready?.data.retryAt).toBeUndefined()
  })

  it('are given up after as many tries as the most patient item has', async () => {
    const { engine, options } = await engineWith(building('lost', FAILED, 'lost', 'lost'))
    await engine.submit(LOCAL, planned('r1', [0, 2, 1]))
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'layer.ended').map(({ data }) => [data.reason, data.retryAt !== undefined])).toEqual([
      ['lost', true],
      ['exit-code', true],
      ['lost', false],
    ])
    expect(only(log, 'items.settled').map(({ data }) => data)).toEqual([
      { outcome: 'skipped', ranges: [[0, 2]], reason: 'setup' },
    ])
  })

  it('that one run gives up are built by another that waits for them', async () => {
    const hands = fakeHands(({ step, run }) => (step === 'setup' && run === 'r1' ? 'lost' : SUCCEEDED))
    const { engine, options } = await engineWith(hands)
    await Promise.all([engine.submit(LOCAL, planned('r1', [0])), engine.submit(LOCAL, planned('r2', [0]))])
    await expect(Promise.all(['r1', 'r2'].map((run) => engine.sealed(run)))).resolves.toEqual(['failed', 'succeeded'])
    await engine.stop()
    const built = only(await records(options), 'layer.ended')
    expect(built.map(({ run, data }) => [run, data.outcome])).toEqual([
      ['r1', 'failed'],
      ['r2', 'ready'],
    ])
  })

  it.each([1, 100_000])('wait out their delay over a restart, with a snapshot every %d records', async (every) => {
    const hands = building('lost')
    const { engine, options } = await engineWith(hands, { recordsPerSnapshot: every })
    await engine.submit(LOCAL, planned('r1', [1], 300))
    await expect.poll(async () => only(await records(options), 'layer.ended').length).toBe(1)
    await engine.stop()
    const journal = { ...options.journal, ...(every > 1 && { loadState: async () => undefined }) }
    const { engine: next } = await engineWith(hands, { ...options, journal })
    await expect(next.sealed('r1')).resolves.toBe('succeeded')
    await next.stop()
    const log = await records(options)
    expect(only(log, 'layer.launched')[1]?.at).toBeGreaterThanOrEqual(only(log, 'layer.ended')[0]?.data.retryAt ?? 0)
  })

  it('are not built again for a run that was cancelled meanwhile', async () => {
    const { engine, options } = await engineWith(building('lost'))
    await engine.submit(LOCAL, planned('r1', [1], 300))
    await expect.poll(async () => only(await records(options), 'layer.ended').length).toBe(1)
    await engine.cancel(LOCAL, 'r1')
    await expect(engine.sealed('r1')).resolves.toBe('canceled')
    await new Promise((resolve) => setTimeout(resolve, 350))
    await engine.stop()
    expect(only(await records(options), 'layer.launched')).toHaveLength(1)
  })

  it.each(['cancelled', 'stopped'] as const)('that wait for room hold nothing up when they are %s', async (how) => {
    const hands = fakeHands()
    const launch = async () => ({ outcome: 'refused', reason: 'capacity', retryAfterMs: 60_000 }) as const
    let prepared = 0
    const prepare: typeof hands.worker.prepare = (...args) => {
      prepared++
      return hands.worker.prepare(...args)
    }
    const { engine, options, notices } = await engineWith({
      ...hands,
      executor: { ...hands.executor, launch },
      worker: { ...hands.worker, prepare },
    })
    await engine.submit(LOCAL, planned('r1', [0]))
    await expect.poll(() => prepared).toBe(1)
    if (how === 'cancelled') {
      await engine.cancel(LOCAL, 'r1')
      await expect(engine.sealed('r1')).resolves.toBe('canceled')
    }
    await engine.stop()
    expect([prepared, notices]).toEqual([1, []])
    const ends = only(await records(options), 'layer.ended').map(({ data }) => data.reason)
    expect(ends).toEqual(how === 'cancelled' ? ['requested'] : [])
  })
})
