import { describe, expect, it } from 'vitest'
import type { AnyRecord, LaunchAnswer, RecordKind } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { fakeClock } from '@seamark/testing'
import type { EngineOptions } from '../src/index.ts'
import { engineWith, fakeHands, GATE, item, LOCAL, records, submission } from './harness.ts'

const PROBLEM = { code: 'UNAVAILABLE', message: 'No engine answers.', remedy: 'Start it.' } as const
const REFUSED: LaunchAnswer = { outcome: 'refused', reason: 'capacity', problem: PROBLEM }
const away = () => Promise.reject<never>(new SeamError('UNAVAILABLE', 'The answer was lost.'))
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

function only<K extends RecordKind>(log: readonly AnyRecord[], kind: K): Extract<AnyRecord, { kind: K }>[] {
  return log.filter((record): record is Extract<AnyRecord, { kind: K }> => record.kind === kind)
}

/** Hands whose executor may be away. `calls` counts launches that it was asked for, `prepared` those that were made ready. */
function grounds() {
  const hands = fakeHands()
  const { executor, worker } = hands
  const seen = { away: true, answer: () => Promise.resolve(REFUSED), calls: 0, prepared: 0 }
  const whileThere = <T>(call: () => Promise<T>) => (seen.away ? away() : call())
  return {
    seen,
    hands: {
      ...hands,
      executor: {
        ...executor,
        async launch(...[launchId, spec]: Parameters<typeof executor.launch>) {
          seen.calls++
          return seen.away ? seen.answer() : executor.launch(launchId, spec)
        },
        attach: (launchId: string) => whileThere(() => executor.attach(launchId)),
        reap: (launchId: string) => whileThere(() => executor.reap(launchId)),
      },
      worker: {
        ...worker,
        prepare: (...args: Parameters<typeof worker.prepare>) => {
          seen.prepared++
          return worker.prepare(...args)
        },
      },
    },
  }
}

/** An engine whose time goes on while something is awaited. */
async function withTime(hands: ReturnType<typeof fakeHands>, more: Partial<EngineOptions> = {}) {
  const clock = fakeClock(1_700_000_000_000)
  const made = await engineWith(hands, { clock, ...more })
  const until = async (done: () => boolean): Promise<void> => {
    for (const since = Date.now(); !done(); await turn()) {
      clock.advance(500)
      if (Date.now() - since > 60_000) throw new Error('It never came to that.')
    }
  }
  const sealed = async (run: string): Promise<string> => {
    let outcome: string | undefined
    void made.engine.sealed(run).then((how) => (outcome = how))
    await until(() => outcome !== undefined)
    return outcome ?? ''
  }
  return { ...made, clock, until, sealed }
}

describe('an executor that is away', () => {
  it('is waited for by items, which say so and hold no slot, and go on by themselves', async () => {
    const { hands, seen } = grounds()
    const { engine, options, notices, until, sealed } = await withTime(hands)
    await engine.submit(LOCAL, submission('r1', [item('a', { retries: { max: 0, minDelayMs: 1, maxDelayMs: 1 } })]))
    await until(() => engine.stats().parked === 1)
    const detail = expect.stringMatching(/No engine answers.*Start it/)
    expect(engine.waiting('r1', 'a')).toMatchObject({ for: 'parked', reason: 'capacity', detail })
    expect(engine.stats().slots).toEqual({ default: 0 })
    // The engine's own state is ahead of what is durable.
    await expect
      .poll(async () => (await options.projections.query('default', 'items', { run: 'r1' })).rows, { timeout: 60_000 })
      .toMatchObject([{ status: 'parked', parked: { detail, resumeAt: expect.any(Number) } }])
    await until(() => seen.calls > 100)
    seen.away = false
    expect(await sealed('r1')).toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'attempt.ended').map(({ attempt, data }) => [attempt, data.outcome])).toEqual([[1, 'succeeded']])
    expect(only(log, 'item.parked').length).toBeGreaterThan(5)
    expect(hands.launched.length).toBe(1)
    expect(notices).toMatchObject(only(log, 'item.parked').map(() => ({ code: 'UNAVAILABLE' })))
  })

  it('is waited for by gates and set-ups too', async () => {
    const { hands, seen } = grounds()
    const { engine, options, until, sealed } = await withTime(hands)
    const setup = { run: 'x', key: [], paths: [], timeoutMs: 1_000 }
    const layers = { fake: { digest: 'f'.repeat(64), ready: false } }
    const spec = { workspace: { type: 'empty' as const }, setup }
    await engine.submit(LOCAL, submission('r1', [item('a', { gates: [GATE] })], { spec, layers }))
    await until(() => seen.calls > 30)
    seen.away = false
    await until(() => hands.launched.length === 2)
    seen.away = true
    const before = seen.calls
    await until(() => seen.calls > before + 30 || engine.stats().runs === 0)
    seen.away = false
    expect(await sealed('r1')).toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'layer.ended').map(({ data }) => data.outcome)).toEqual(['ready'])
    expect(only(log, 'attempt.ended').map(({ data }) => data.outcome)).toEqual(['succeeded'])
  })

  it.each([0, 1])('keeps nothing from being cancelled, in its slot or parked (%i)', async (parked) => {
    const { hands, seen } = grounds()
    const { engine, options, until, sealed } = await withTime(hands)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => (parked === 1 ? engine.stats().parked === 1 : seen.calls > 2))
    await engine.cancel(LOCAL, 'r1')
    expect(await sealed('r1')).toBe('canceled')
    expect(seen.away).toBe(true)
    await engine.stop()
    // Nothing ran, so there is no attempt to end where its item gave its slot back.
    expect(only(await records(options), 'attempt.ended').length).toBe(1 - parked)
  })

  it('is waited for until the time of the run is up', async () => {
    const { hands } = grounds()
    const { engine, options, sealed } = await withTime(hands)
    const spec = { workspace: { type: 'empty' as const }, timeoutMs: 600_000 }
    await engine.submit(LOCAL, submission('r1', [item('a')], { spec }))
    expect(await sealed('r1')).toBe('failed')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'cancel.requested').map(({ data }) => data.reason)).toEqual(['timeout'])
    expect(only(log, 'item.parked').length).toBeGreaterThan(0)
  })

  it('and may have started what it gave no answer to keeps its slot, and is started and prepared once', async () => {
    const { hands, seen } = grounds()
    const { engine, options, until, sealed } = await withTime(hands)
    seen.answer = async () => {
      seen.answer = () => Promise.resolve(REFUSED)
      seen.away = false
      await hands.executor.launch([...hands.tasks.keys()][0] ?? '', { argv: [], env: {}, cwd: '/', mounts: [] })
      seen.away = true
      return away()
    }
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => seen.calls > 50)
    expect(engine.stats()).toMatchObject({ parked: 0, slots: { default: 1 } })
    seen.away = false
    expect(await sealed('r1')).toBe('succeeded')
    await engine.stop()
    expect([hands.launched.length, seen.prepared]).toEqual([1, 1])
    expect(only(await records(options), 'item.parked')).toEqual([])
  })

  it('and may have started what is cancelled lets it end only once that can not run', async () => {
    const { hands, seen } = grounds()
    const { engine, clock, until, sealed } = await withTime(hands)
    seen.answer = async () => {
      seen.answer = () => Promise.resolve(REFUSED)
      return away()
    }
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => seen.calls > 20)
    await engine.cancel(LOCAL, 'r1')
    for (let n = 0; n < 200; n++) {
      clock.advance(500)
      await turn()
    }
    expect(engine.stats().running).toBe(1)
    seen.away = false
    expect(await sealed('r1')).toBe('canceled')
    await engine.stop()
    expect(hands.tombstones.size).toBe(1)
  })
})
