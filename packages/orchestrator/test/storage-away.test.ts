import { describe, expect, it } from 'vitest'
import type { AnyRecord, StepTask, Worker } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { fakeClock } from '@seamark/testing'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'

const full = () => new SeamError('LIMIT_EXCEEDED', 'The disk is full.', { retryAfterMs: 5 })
const away = () => new SeamError('UNAVAILABLE', 'The storage does not answer.')

/** A worker whose call fails so many times before it is done. */
function failing(call: 'prepare' | 'capture', times: number, error: () => SeamError) {
  const hands = fakeHands()
  const right = hands.worker
  let failures = 0
  const fail = (task: StepTask) => {
    if (task.step === 'main' && failures++ < times) throw error()
  }
  const worker: Worker = {
    ...right,
    async prepare(task, ...rest) {
      if (call === 'prepare') fail(task)
      return right.prepare(task, ...rest)
    },
    async capture(task, ...rest) {
      if (call === 'capture') fail(task)
      return right.capture(task, ...rest)
    },
  }
  return { hands: { ...hands, worker }, calls: () => failures }
}

async function kinds(options: Parameters<typeof records>[0]): Promise<AnyRecord['kind'][]> {
  const log = await records(options)
  return log.filter(({ item: id }) => id !== undefined).map(({ kind }) => kind)
}

describe('a disk that is full', () => {
  it('parks what was to be prepared, which is no attempt that failed', async () => {
    const { hands } = failing('prepare', 2, full)
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(log.filter(({ kind }) => kind === 'item.parked').map(({ data }) => data)).toMatchObject([
      { reason: 'capacity' },
      { reason: 'capacity' },
    ])
    expect(log.filter(({ kind }) => kind === 'attempt.ended').map(({ attempt }) => attempt)).toEqual([1])
  })

  it('is waited for with what has ended, for as long as it is full', async () => {
    const { hands, calls } = failing('capture', 20, full)
    const { engine, options, notices } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    expect(calls()).toBe(21)
    expect(notices).toMatchObject([{ code: 'LIMIT_EXCEEDED' }, { code: 'LIMIT_EXCEEDED' }])
    for (const { message } of notices) expect(message).toMatch(/\ba\b.*\br1\b.*The disk is full/)
    expect(await kinds(options)).toEqual(['item.launched', 'attempt.ended', 'item.settled'])
  })

  it.each([
    ['the time of an item is up', 3_600_000, 3_600_000],
    ['an item had ended just in time, and has had ten minutes more', 1_000, 600_000],
  ])('is not waited for once %s', async (_about, timeoutMs, waited) => {
    const start = Date.now()
    const clock = fakeClock(start)
    const retryAfterMs = 10_000
    const { hands, calls } = failing('capture', Infinity, () => new SeamError('LIMIT_EXCEEDED', 'x', { retryAfterMs }))
    const { engine, options } = await engineWith(hands, { clock })
    await engine.submit(LOCAL, submission('r1', [item('a', { timeoutMs })]))
    let outcome: string | undefined
    void engine.sealed('r1').then((sealed) => (outcome = sealed))
    // Time goes on only once all that follows from it has happened, however long a journal takes for it.
    for (let called = 0; outcome === undefined; clock.advance(retryAfterMs)) {
      await expect.poll(() => outcome !== undefined || calls() > called, { interval: 1 }).toBe(true)
      called = calls()
    }
    expect(outcome).toBe('failed')
    expect(clock.now() - start).toBeGreaterThanOrEqual(waited)
    expect(clock.now() - start).toBeLessThan(waited + 60_000)
    await engine.stop()
    const ends = (await records(options)).filter(({ kind }) => kind === 'attempt.ended' || kind === 'item.settled')
    expect(ends.map(({ data }) => data)).toMatchObject([
      { outcome: 'failed', reason: 'capture', detail: 'LIMIT_EXCEEDED: x' },
      { outcome: 'failed', reason: 'capture' },
    ])
  })

  it('is not waited for once the time of the run is up', async () => {
    const { hands, calls } = failing('capture', Infinity, full)
    const { engine, options } = await engineWith(hands)
    const spec = { workspace: { type: 'empty' as const }, timeoutMs: 300 }
    await engine.submit(LOCAL, submission('r1', [item('a')], { spec }))
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    expect(calls()).toBeGreaterThanOrEqual(8)
    const ended = (await records(options)).find(({ kind }) => kind === 'attempt.ended')
    expect(ended?.data).toMatchObject({ outcome: 'canceled', reason: 'timeout' })
  })

  it('is not what a limit of the plan is taken for', async () => {
    for (const call of ['prepare', 'capture'] as const) {
      const { hands, calls } = failing(call, Infinity, () => new SeamError('LIMIT_EXCEEDED', 'Too many files.'))
      const { engine, options } = await engineWith(hands)
      await engine.submit(LOCAL, submission('r1', [item('a')]))
      await expect(engine.sealed('r1')).resolves.toBe('failed')
      await engine.stop()
      expect(calls()).toBe(1)
      const ended = (await records(options)).find(({ kind }) => kind === 'attempt.ended')
      expect(ended?.data).toMatchObject({ outcome: 'failed', reason: call })
    }
  })
})

describe('a storage that is away', () => {
  it('is asked again before an attempt is given up', async () => {
    for (const call of ['prepare', 'capture'] as const) {
      const { hands, calls } = failing(call, 3, away)
      const { engine, options } = await engineWith(hands)
      await engine.submit(LOCAL, submission('r1', [item('a')]))
      await expect(engine.sealed('r1')).resolves.toBe('succeeded')
      await engine.stop()
      expect(calls()).toBe(4)
      expect(await kinds(options)).toEqual(['item.launched', 'attempt.ended', 'item.settled'])
    }
  })

  it.each(['UNAVAILABLE', 'LIMIT_EXCEEDED'] as const)('holds up nobody who wants the item to end: %s', async (code) => {
    const { hands, calls } = failing('capture', Infinity, () => new SeamError(code, 'away', { retryAfterMs: 1 }))
    const { engine } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect.poll(calls).toBeGreaterThan(20)
    await engine.cancel(LOCAL, 'r1')
    await expect(engine.sealed('r1')).resolves.toBe('canceled')
    await engine.stop()
  })
})
