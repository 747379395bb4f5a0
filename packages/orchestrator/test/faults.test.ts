import { describe, expect, it } from 'vitest'
import type { AnyRecord, Executor, RecordKind } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { parseHeader } from '@seamark/log'
import { engineWith, fakeHands, item, LOCAL, product, records, submission } from './harness.ts'

const SUCCEEDED = { outcome: 'succeeded', reason: 'completed' } as const
const EMPTY = { workspace: { type: 'empty' } } as const
function only<K extends RecordKind>(log: readonly AnyRecord[], kind: K): Extract<AnyRecord, { kind: K }>[] {
  return log.filter((record): record is Extract<AnyRecord, { kind: K }> => record.kind === kind)
}

function withExecutor(hands: ReturnType<typeof fakeHands>, change: Partial<Executor>): typeof hands {
  return { ...hands, executor: { ...hands.executor, ...change } }
}

/** An executor that lets things run for as long as they like. */
function timeless(hands: ReturnType<typeof fakeHands>): typeof hands {
  const { guarantees } = hands.executor
  const wallClock = { value: 'none', proof: 'tested' } as const
  return withExecutor(hands, { guarantees: { ...guarantees, limits: { ...guarantees.limits, wallClock } } })
}

/** What the worker reports, with the exit that it was given. */
function judging(hands: ReturnType<typeof fakeHands>): typeof hands {
  const capture: (typeof hands)['worker']['capture'] = async (task, executor, exit) =>
    exit.reason === 'timeout'
      ? { verdict: { outcome: 'timed-out', reason: 'timeout' }, product: product() }
      : hands.worker.capture(task, executor, exit)
  return { ...hands, worker: { ...hands.worker, capture } }
}

describe('time limits', () => {
  it('are kept by the engine where the executor does not keep them', async () => {
    const hands = judging(timeless(fakeHands(({ attempt }) => (attempt === 1 ? 'hold' : SUCCEEDED))))
    const { engine, options } = await engineWith(hands)
    const retries = { max: 1, minDelayMs: 1, maxDelayMs: 1 }
    await engine.submit(LOCAL, submission('r1', [item('a', { timeoutMs: 30, retries })]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const ends = only(await records(options), 'attempt.ended').map(({ data }) => [data.outcome, data.exit?.reason])
    expect(ends).toEqual([
      ['timed-out', 'timeout'],
      ['succeeded', 'exited'],
    ])
  })

  it('hold over a restart, from the start of the process', async () => {
    const hands = judging(timeless(fakeHands(() => 'hold')))
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a', { timeoutMs: 200 })]))
    await expect.poll(() => hands.running().length).toBe(1)
    await engine.stop()
    await new Promise((resolve) => setTimeout(resolve, 220))
    const { engine: next } = await engineWith(hands, options)
    await expect(next.sealed('r1')).resolves.toBe('failed')
    await next.stop()
    expect(only(await records(options), 'attempt.ended').map(({ data }) => data.outcome)).toEqual(['timed-out'])
  })

  it('hold for gates and layers, and a person who cancels is not told of a timeout', async () => {
    const hands = judging(timeless(fakeHands(({ step }) => (step === 'main' ? SUCCEEDED : 'hold'))))
    const { engine, options } = await engineWith(hands)
    const gates = [{ run: 'x', protect: [], timeoutMs: 20 }]
    await engine.submit(LOCAL, submission('r1', [item('a', { gates })]))
    const setup = { run: 'x', key: [], paths: [], timeoutMs: 20 }
    const layers = { fake: { digest: 'f'.repeat(64), ready: false } }
    await engine.submit(LOCAL, submission('r2', [item('a')], { spec: { ...EMPTY, setup }, layers }))
    await expect(Promise.all([engine.sealed('r1'), engine.sealed('r2')])).resolves.toEqual(['failed', 'failed'])
    await engine.submit(
      LOCAL,
      submission('r3', [item('a', { gates: [{ ...gates[0], run: 'x', protect: [], timeoutMs: 9_000 }] })]),
    )
    await expect.poll(() => hands.running().length).toBe(1)
    await engine.cancel(LOCAL, 'r3')
    await expect(engine.sealed('r3')).resolves.toBe('canceled')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'gate.ended').map(({ run, data }) => [run, data.exit?.reason])).toEqual([
      ['r1', 'timeout'],
      ['r3', 'killed'],
    ])
    expect(only(log, 'layer.ended').map(({ data }) => [data.outcome, data.exit?.reason])).toEqual([
      ['failed', 'timeout'],
    ])
  })
})

describe('an executor without capacity', () => {
  it('keeps gates and layers waiting, and fails nothing', async () => {
    const refused = new Set<string>()
    const hands = fakeHands()
    const { launch } = hands.executor
    const { engine, options } = await engineWith(
      withExecutor(hands, {
        async launch(launchId, spec) {
          if (hands.tasks.get(launchId)?.step === 'main' || refused.has(launchId)) return launch(launchId, spec)
          refused.add(launchId)
          return { outcome: 'refused', reason: 'capacity', retryAfterMs: 5 }
        },
      }),
    )
    const setup = { run: 'x', key: [], paths: [], timeoutMs: 1_000 }
    const layers = { fake: { digest: 'f'.repeat(64), ready: false } }
    const gates = [{ run: 'x', protect: [], timeoutMs: 1_000 }]
    await engine.submit(LOCAL, submission('r1', [item('a', { gates })], { spec: { ...EMPTY, setup }, layers }))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(refused.size).toBe(2)
    expect(only(log, 'item.parked').map(({ data }) => data.reason)).toEqual(['capacity'])
    expect(only(log, 'layer.ended').map(({ data }) => data.outcome)).toEqual(['ready'])
  })

  it('leaves nothing of an item that is cancelled while it waits', async () => {
    const released: string[] = []
    const hands = fakeHands()
    const { engine, options } = await engineWith(
      withExecutor(
        { ...hands, worker: { ...hands.worker, release: async ({ launchId }) => void released.push(launchId) } },
        { launch: async () => ({ outcome: 'refused', reason: 'capacity', retryAfterMs: 60_000 }) },
      ),
    )
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect.poll(() => engine.stats().parked).toBe(1)
    await engine.cancel(LOCAL, 'r1')
    await expect(engine.sealed('r1')).resolves.toBe('canceled')
    const [launched] = only(await records(options), 'item.launched')
    await expect.poll(() => released).toEqual([launched?.data.launchId])
    await engine.stop()
    expect([...hands.tombstones]).toEqual(released)
  })

  it('may say so with numbers that are no whole ones', async () => {
    let times = 0
    const hands = fakeHands()
    const { launch } = hands.executor
    const answers = [Number.NaN, Infinity, 0.5]
    const { engine } = await engineWith(
      withExecutor(hands, {
        launch: async (launchId, spec) => {
          const retryAfterMs = answers[times++]
          if (retryAfterMs === undefined) return launch(launchId, spec)
          return { outcome: 'refused', reason: 'capacity', retryAfterMs }
        },
      }),
    )
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    for (const refusals of [1, 2]) {
      await expect.poll(() => [times, engine.waiting('r1', 'a')?.for]).toEqual([refusals, 'parked'])
      const waiting = engine.waiting('r1', 'a')
      await engine.resume(LOCAL, 'r1', 'a', waiting?.for === 'parked' ? waiting.token : '')
    }
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
  })
})

describe('what programs and other packages say', () => {
  it('never keeps an item from ending, and always fits its record', async () => {
    const long = `${'x'.repeat(999)}😀${'y'.repeat(70_000)}`
    const hands = fakeHands(({ item: spec }) =>
      spec?.id === 'a'
        ? { outcome: 'failed', reason: long, detail: long }
        : { outcome: 'parked', reason: 'rate-limit', resumeAt: Date.now() + 60_000.5, expiresAt: Number.NaN },
    )
    const { engine, options } = await engineWith({
      ...hands,
      worker: {
        ...hands.worker,
        prepare: async (task, ...rest) => {
          if (task.item?.id === 'c') throw new SeamError('NOT_FOUND', long)
          return hands.worker.prepare(task, ...rest)
        },
        capture: async (task, executor, exit) => {
          const report = await hands.worker.capture(task, executor, exit)
          if (task.item?.id !== 'd') return report
          const outputs = Array.from({ length: 100 }, () => ({ path: long.slice(0, 4_000), blob: product().stdout }))
          return { ...report, product: { ...product(), outputs } }
        },
      },
    })
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b'), item('c'), item('d')]))
    await expect.poll(async () => only(await records(options), 'item.settled').length).toBe(3)
    await engine.cancel(LOCAL, 'r1')
    await expect(engine.sealed('r1')).resolves.toBe('canceled')
    await engine.stop()
    for await (const { header } of options.journal.read('default', 0)) parseHeader(header)
    const ends = only(await records(options), 'attempt.ended')
    expect(ends.find((record) => record.item === 'd')?.data).toMatchObject({ outcome: 'failed', reason: 'capture' })
  })

  it('and a worker that fails before it looks at a lost launch harms nobody', async () => {
    const hands = fakeHands(() => 'lost')
    const { engine, notices } = await engineWith({
      ...hands,
      worker: { ...hands.worker, follow: () => Promise.reject(new SeamError('LIMIT_EXCEEDED', 'no room')) },
    })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    // A rejection that nobody handles would fail the test run.
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    expect(notices).toMatchObject([{ code: 'LIMIT_EXCEEDED' }])
  })

  it('of a run or an item that can not be is recorded nowhere', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await engine.sealed('r1')
    const size = engine.stats().size
    const odd = `é/..${'x'.repeat(10_000)}`
    for (const ask of [
      () => engine.cancel(LOCAL, odd),
      () => engine.cancel(LOCAL, 'r1', odd),
      () => engine.cancel(LOCAL, 'r1', 'b'),
      () => engine.resume(LOCAL, 'r1', odd, 'token'),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(only(await records(options), 'command.voided')).toEqual([])
    await expect(engine.cancel({ id: 'stranger' }, odd)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(only(await records(options), 'command.denied').map(({ data }) => data.target)).toEqual([undefined])
    expect(engine.stats().size).toBeLessThan(size + 5)
    await engine.stop()
  })

  it('is refused at submit where a record could not hold it', async () => {
    const { engine } = await engineWith(fakeHands())
    const bad = item('a', {
      priority: Number.NaN,
      timeoutMs: 0.5,
      retries: { max: -1, minDelayMs: 1, maxDelayMs: Infinity },
    })
    const spec = { ...EMPTY, name: '', timeoutMs: Number.NaN }
    await expect(engine.submit(LOCAL, submission('r1', [bad], { spec }))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      problems: [
        '/spec/name',
        '/spec/timeoutMs',
        '/items/0/priority',
        '/items/0/timeoutMs',
        '/items/0/retries/max',
        '/items/0/retries/maxDelayMs',
      ].map((pointer) => ({ place: { pointer } })),
    })
    const huge = item('a', { run: 'x'.repeat(1_100_000) })
    await expect(engine.submit(LOCAL, submission('r1', [huge]))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await engine.stop()
  })
})
