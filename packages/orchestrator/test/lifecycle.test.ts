import { describe, expect, it } from 'vitest'
import type { AnyRecord, Journal, RecordKind } from '@seamark/core'
import { SeamError, systemClock } from '@seamark/kit'
import { fakeClock, memoryJournal, memorySigner } from '@seamark/testing'
import { createEngine } from '../src/index.ts'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'

const never = () => new Promise<never>(() => undefined)
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 5))

function count(log: readonly AnyRecord[], kind: RecordKind): number {
  return log.filter((record) => record.kind === kind).length
}

/** An engine on a journal whose parts can be replaced while it runs. */
async function engineOn(change: (journal: Journal) => Partial<Journal>, hands = fakeHands()) {
  const made = memoryJournal()
  return engineWith(hands, { ...made, journal: { ...made.journal, ...change(made.journal) } })
}

describe('a stop', () => {
  it('that comes while the engine starts waits for it and frees the lease', async () => {
    const made = memoryJournal()
    const { options } = await (async () => {
      const first = await engineWith(fakeHands(), made)
      await first.engine.stop()
      return first
    })()
    const slow = {
      ...made.journal,
      loadState: async (...args: Parameters<Journal['loadState']>) => (await turn(), made.journal.loadState(...args)),
    }
    const engine = createEngine({ ...options, journal: slow })
    const [started] = await Promise.allSettled([engine.start(), engine.stop()])
    expect(started.status).toBe('fulfilled')
    const next = createEngine(options)
    await next.start()
    await next.stop()
  })

  it('is one, however often it is asked for', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await Promise.all([engine.stop(), engine.stop({ cancelRunning: true }), engine.stop()])
    await engine.stop()
    expect(count(await records(options), 'engine.stopped')).toBe(1)
  })

  it('before any start does nothing', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await engine.stop()
    await expect(createEngine(options).stop()).resolves.toBeUndefined()
  })

  it('tells who waits for a run, and takes no more work', async () => {
    const hands = fakeHands(() => 'hold')
    const { engine } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect.poll(() => hands.running().length).toBe(1)
    const waiting = expect(engine.sealed('r1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const stopped = engine.stop()
    await expect(engine.submit(LOCAL, submission('r2', [item('a')]))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await stopped
    await waiting
    await expect(engine.sealed('r1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('cancels what is parked, also while the disk is full', async () => {
    let full = false
    const hands = fakeHands(() => ({ outcome: 'parked', reason: 'input' }))
    const { engine, options } = await engineWith(hands, memoryJournal({ full: () => full }))
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b', { needs: [{ from: 0 }] })]))
    await expect.poll(() => engine.stats().parked).toBe(1)
    full = true
    await engine.stop({ cancelRunning: true })
    const { rows } = await options.projections.query('default', 'runs', { run: 'r1' })
    expect(rows[0]?.status).toBe('canceled')
  })

  it('starts no gate that it could not wait for', async () => {
    const hands = fakeHands()
    const prepared: string[] = []
    const made = memoryJournal()
    const { engine, options } = await engineWith(
      {
        ...hands,
        worker: {
          ...hands.worker,
          prepare: async (task, ...rest) => (prepared.push(task.step), hands.worker.prepare(task, ...rest)),
        },
      },
      {
        ...made,
        journal: {
          ...made.journal,
          // The answer to the batch with the gate's launch comes only after the stop has begun.
          append: async (...args) => {
            const gate = args[2].records.some(({ header }) => Buffer.from(header).includes('"step":"gate:0"'))
            if (gate) await turn()
            await made.journal.append(...args)
          },
        },
      },
    )
    await engine.submit(LOCAL, submission('r1', [item('a', { gates: [{ run: 'x', protect: [], timeoutMs: 1 }] })]))
    await expect.poll(() => prepared).toEqual(['main'])
    await engine.stop()
    const before = prepared.length
    await turn()
    expect(prepared).toHaveLength(before)
    const { engine: next } = await engineWith(hands, options)
    await expect(next.sealed('r1')).resolves.toBe('succeeded')
    await next.stop()
  })

  it('waits for a signer and an anchor that never answer no longer than its grace', async () => {
    const clock = fakeClock(1_700_000_000_000)
    const { engine, options, notices } = await engineWith(fakeHands(), {
      clock,
      signer: { ...memorySigner(), sign: never },
    })
    const stopped = engine.stop()
    let done = false
    void stopped.then(() => (done = true))
    while (!done) {
      clock.advance(1_000)
      await turn()
    }
    expect(clock.now() - 1_700_000_000_000).toBeLessThanOrEqual(20_000)
    expect(notices.map((error) => error instanceof SeamError && error.code)).toContain('ABORTED')
    const next = createEngine({ ...options, signer: memorySigner(), clock: systemClock })
    await next.start()
    await next.stop()
  })
})

describe('a start', () => {
  it('happens once', async () => {
    const { engine } = await engineWith(fakeHands())
    await expect(engine.start()).rejects.toMatchObject({ code: 'CONFLICT' })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
  })

  it('is refused, each name told, where a queue, executor or runtime of an unfinished run is gone', async () => {
    const hands = fakeHands(() => 'hold')
    const { engine, options } = await engineWith(hands, {
      queues: { default: { concurrency: 1 }, night: { concurrency: 1 } },
      runtimes: ['command', 'other'],
    })
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b', { queue: 'night', runtime: 'other' })]))
    await expect.poll(() => hands.running().length).toBe(2)
    await engine.stop()
    const less = { ...options, queues: { default: { concurrency: 1 } }, runtimes: ['command'], executors: [] }
    await expect(createEngine(less).start()).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      problems: [
        { message: expect.stringContaining('executor fake'), remedy: expect.any(String) },
        { message: expect.stringContaining('queue night') },
        { message: expect.stringContaining('runtime other') },
      ],
    })
    // Nothing was recorded, and the lease is free.
    const { engine: next } = await engineWith(hands, options)
    await next.stop({ cancelRunning: true })
    const { engine: last } = await engineWith(hands, { ...less, executors: options.executors })
    await last.stop()
  })

  it('that fails leaves nothing behind', async () => {
    const hands = fakeHands()
    async function* broken() {
      yield await Promise.reject(new SeamError('UNAVAILABLE', 'the executor is away'))
    }
    const made = memoryJournal()
    const bad = { ...hands, executor: { ...hands.executor, leftovers: () => broken() } }
    await expect(engineWith(bad, made)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const { engine, notices } = await engineWith(hands, made)
    await turn()
    expect(notices).toEqual([])
    await engine.stop()
  })

  it('tells the end of an old run only once that is signed', async () => {
    const hands = fakeHands()
    const made = memoryJournal()
    const { engine, options } = await engineWith(hands, { ...made, signer: { ...memorySigner(), sign: never } })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect.poll(async () => count(await records(options), 'run.sealed')).toBe(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    const signer = memorySigner()
    const late = { ...signer, sign: async (bytes: Uint8Array) => (await promise, signer.sign(bytes)) }
    const { engine: next } = await engineWith(hands, { ...made.reopen(), signer: late })
    let told: unknown
    const asked = next.sealed('r1').then((status) => (told = status))
    await turn()
    expect(told).toBeUndefined()
    resolve()
    await expect(asked).resolves.toBe('succeeded')
    await next.stop()
  })
})

describe('a journal that fails', () => {
  it('for good leaves no command without its answer and no stop without its end', async () => {
    let gone = false
    const { engine } = await engineOn((journal) => ({
      append: async (...args) => {
        if (gone) throw new SeamError('CONFLICT', 'the lease was taken over')
        await journal.append(...args)
      },
    }))
    const submitted = await engine.submit(LOCAL, submission('r1', [item('a')]))
    expect(submitted.created).toBe(true)
    gone = true
    await expect(engine.submit(LOCAL, submission('r2', [item('a')]))).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(engine.failed).resolves.toMatchObject({ code: 'CONFLICT' })
    await expect(engine.sealed('r1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await engine.stop({ cancelRunning: true })
  })

  it('for long does not keep a stop from ending', async () => {
    const clock = fakeClock(1_700_000_000_000)
    let away = false
    const made = memoryJournal()
    const { engine } = await engineWith(fakeHands(), {
      ...made,
      clock,
      journal: {
        ...made.journal,
        append: async (...args) => {
          if (away) throw new SeamError('UNAVAILABLE', 'it is away')
          await made.journal.append(...args)
        },
      },
    })
    away = true
    const submitted = expect(engine.submit(LOCAL, submission('r1', [item('a')]))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    let done = false
    void engine.stop().then(() => (done = true))
    for (let n = 0; n < 100 && !done; n++) {
      clock.advance(500)
      await turn()
    }
    expect(done).toBe(true)
    await submitted
  })

  it('to say what it knows of a run fails the one command that asked', async () => {
    const made = memoryJournal()
    let away = false
    const { engine } = await engineWith(fakeHands(), {
      ...made,
      projections: {
        ...made.projections,
        query: (...args) => {
          if (away) return Promise.reject(new SeamError('UNAVAILABLE', 'it is away'))
          return made.projections.query(...args)
        },
      },
    })
    away = true
    await expect(engine.cancel(LOCAL, 'r1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    away = false
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
  })
})

describe('a follower', () => {
  it('that throws harms nobody', async () => {
    const { engine, notices } = await engineWith(fakeHands())
    engine.onRecords(() => {
      throw new Error('a bug of the follower')
    })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    expect(notices.length).toBeGreaterThan(0)
  })

  it('is given the records of a batch whose answer was lost', async () => {
    let lose = true
    const made = memoryJournal({
      onAppend: ({ records: batch }) => {
        const sealing = batch.some(({ header }) => Buffer.from(header).includes('run.sealed'))
        if (!sealing || !lose) return 'ok'
        lose = false
        return 'fail-after'
      },
    })
    const { engine } = await engineWith(fakeHands(), made)
    const seen: string[] = []
    engine.onRecords((headers) => seen.push(...headers.map(({ kind }) => kind)))
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    expect(seen.filter((kind) => kind === 'run.sealed')).toHaveLength(1)
  })
})
