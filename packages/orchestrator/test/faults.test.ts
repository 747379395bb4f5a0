import { describe, expect, it } from 'vitest'
import type { AnyRecord, AuditAnchor, Executor, Journal, RecordKind, StepTask } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'
import { canonicalJson, leafHash, parseHeader } from '@seamark/log'
import { fakeClock, memoryJournal } from '@seamark/testing'
import { checkpointer } from '../src/checkpoints.ts'
import { recover } from '../src/recover.ts'
import { engineWith, fakeHands, item, LOCAL, product, records, submission, testSigner } from './harness.ts'

const SUCCEEDED = { outcome: 'succeeded', reason: 'completed' } as const
const EMPTY = { workspace: { type: 'empty' } } as const
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 5))

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
    expect(only(log, 'item.parked')).toEqual([])
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

describe('anchors', () => {
  function anchor(leave: AuditAnchor['anchor']): AuditAnchor {
    return {
      spec: 'anchor/v1',
      kind: 'fake',
      name: 'fake',
      guarantees: { beyondOperator: { value: false, proof: 'tested' }, time: { value: false, proof: 'tested' } },
      anchor: leave,
      check: async () => ({ status: 'not-checked' }),
      latest: async () => undefined,
    }
  }

  it('that are slow or away hold up no seal, and are asked again', async () => {
    const sizes: number[] = []
    let failures = 1
    const flaky = anchor(async ({ origin, size, root }) => {
      if (failures-- > 0) throw new SeamError('UNAVAILABLE', 'it is away')
      sizes.push(size)
      return { v: 1, kind: 'fake', name: 'fake', origin, size, root, at: 0, body: null }
    })
    const stuck = anchor(() => new Promise(() => undefined))
    const { engine, options } = await engineWith(fakeHands(), { anchors: [stuck, flaky] })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.submit(LOCAL, submission('r2', [item('a')]))
    await expect(engine.sealed('r2')).resolves.toBe('succeeded')
    const seals = only(await records(options), 'run.sealed').map(({ seq }) => seq)
    await expect.poll(() => sizes.at(-1), { timeout: 4_000 }).toBeGreaterThan(seals.at(-1) ?? Infinity)
    const log = await records(options)
    expect(only(log, 'checkpoint.unanchored').map(({ data }) => data.code)).toEqual(['UNAVAILABLE'])
  })
})

describe('a signer that fails', () => {
  it('is asked again in time, however many runs are sealed meanwhile', async () => {
    const clock = fakeClock(1_000_000)
    let asked = 0
    const signing = checkpointer({
      origin: `seamark.invalid/${'0'.repeat(32)}`,
      journal: memoryJournal().journal,
      lease: { ns: 'default', epoch: 1, lost: new AbortController().signal, release: async () => undefined },
      signer: {
        ...testSigner(),
        sign: async () => {
          asked++
          throw new SeamError('UNAVAILABLE', 'it is away')
        },
      },
      clock,
      commit: async () => ({ size: 1, root: '0'.repeat(64) }),
      signed: () => undefined,
      notice: () => undefined,
    })
    for (let n = 0; n < 100; n++) {
      signing.sealed()
      clock.advance(100)
      await turn()
    }
    expect(asked).toBeGreaterThanOrEqual(4)
  })
})

describe('recovery', () => {
  async function someRuns(more: { readonly recordsPerSnapshot: number }) {
    const made = memoryJournal()
    const { engine, options } = await engineWith(fakeHands(), { ...made, ...more })
    for (const run of ['r1', 'r2']) {
      await engine.submit(LOCAL, submission(run, [item('a')]))
      await engine.sealed(run)
    }
    return { engine, made, options }
  }

  it('needs no payload of a sealed run, from the first record too', async () => {
    const { engine, made, options } = await someRuns({ recordsPerSnapshot: 1_000_000 })
    const hands = fakeHands(() => 'hold')
    await engine.stop()
    const { engine: next } = await engineWith(hands, {
      ...options,
      executors: [hands.executor],
      worker: hands.worker,
    })
    await next.submit(LOCAL, submission('open', [item('a')]))
    await expect.poll(() => hands.running().length).toBe(1)
    await next.stop()
    const log = await records(options)
    const seqs = log.filter(({ run, payload }) => run !== 'open' && payload !== undefined).map(({ seq }) => seq)
    const lease = await made.journal.acquire('default', 'purger')
    await made.journal.purge(lease, seqs)
    const bare: Journal = { ...made.journal, loadState: async () => undefined }
    const { state } = await recover('default', bare)
    expect([...state.runs.keys()]).toEqual(['open'])
    expect(state.fence).toBe(3)
    // Of a run that is not sealed it is damage.
    const [opened] = log.filter(({ run }) => run === 'open')
    await made.journal.purge(lease, [opened?.seq ?? -1])
    await expect(recover('default', bare)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('refuses a snapshot that is not of the journal it lies in', async () => {
    const one = await someRuns({ recordsPerSnapshot: 1 })
    const other = await someRuns({ recordsPerSnapshot: 1 })
    await one.engine.stop()
    await other.engine.stop()
    const { loadState } = other.made.journal
    const mixed: Journal = { ...one.made.journal, loadState: (...args) => loadState(...args) }
    await expect(recover('default', mixed)).rejects.toMatchObject({ code: 'INTEGRITY' })
    const longer: Journal = {
      ...one.made.journal,
      async loadState(...args) {
        const found = await one.made.journal.loadState(...args)
        if (found === undefined) return undefined
        const text = Buffer.from(found.bytes)
          .toString('utf8')
          .replace(/"size":\d+/, '"size":3')
        const bytes = Buffer.from(text)
        return { ...found, size: 3, bytes, sha256: sha256Hex(bytes) }
      },
    }
    await expect(recover('default', longer)).rejects.toMatchObject({ code: 'INTEGRITY' })
    await expect(recover('default', one.made.journal)).resolves.toBeDefined()
  })

  it('refuses a committed head that is not of the records before it, and kinds it does not know', async () => {
    const { engine, made } = await someRuns({ recordsPerSnapshot: 1_000_000 })
    await engine.stop()
    const changed = (change: (record: AnyRecord) => object): Journal => ({
      ...made.journal,
      loadState: async () => undefined,
      async *read(...args) {
        for await (const record of made.journal.read(...args)) {
          const header = canonicalJson(change(parseHeader(record.header)))
          yield { ...record, header, leaf: leafHash(header) }
        }
      },
    })
    await expect(
      recover(
        'default',
        changed((record) => (record.kind === 'run.submitted' ? { ...record, actor: 'somebody' } : record)),
      ),
    ).rejects.toMatchObject({ code: 'INTEGRITY' })
    await expect(
      recover(
        'default',
        changed((record) => (record.kind === 'run.submitted' ? { ...record, kind: 'run.dreamt' } : record)),
      ),
    ).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

describe('locks of what is parked', () => {
  it('are given back once, over a restart too', async () => {
    const parks = (task: StepTask) =>
      task.item?.id === 'a' ? ({ outcome: 'parked', reason: 'input' } as const) : ('hold' as const)
    const hands = fakeHands(parks)
    const { engine, options } = await engineWith(hands, { recordsPerSnapshot: 1 })
    const locks = [{ type: 'path', path: 'src' }] as const
    await engine.submit(LOCAL, submission('r1', [item('a', { locks }), item('b', { locks })]))
    await expect.poll(() => [engine.stats().parked, hands.running().length]).toEqual([1, 1])
    await engine.stop()
    const { engine: next } = await engineWith(hands, options)
    await turn()
    await next.stop({ cancelRunning: true })
    expect(only(await records(options), 'locks.released')).toEqual([])
  })
})
