import type { AuthorizationDecision } from '@seamark/core'
import { allowLocal } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../src/index.ts'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'
import { FAILED, only, SUCCEEDED, until } from './records.ts'

const one = { queues: { default: { concurrency: 1 } } }

describe('pause', () => {
  it('of a run launches nothing new, lets what runs go on, and settles what ends', async () => {
    const hands = fakeHands(({ item: spec, step }) => (spec?.id === 'a' && step === 'main' ? 'hold' : SUCCEEDED))
    const { engine, options } = await engineWith(hands, one)
    const gated = item('a', { gates: [{ run: 'true', protect: [], timeoutMs: 1_000 }] })
    await engine.submit(LOCAL, submission('r1', [gated, item('b'), item('c', { needs: [{ from: 0 }] })]))
    await until(() => hands.running().length === 1)
    await expect(engine.pause(LOCAL, 'r1')).resolves.toEqual({ effective: true })
    // Another run is not held up.
    await engine.submit(LOCAL, submission('r2', [item('x')]))
    for (const id of hands.running()) hands.exit(id)
    await expect(engine.sealed('r2')).resolves.toBe('succeeded')
    await until(() => engine.waiting('r1', 'c')?.for === 'pause')
    expect(engine.waiting('r1', 'b')).toMatchObject({ for: 'pause', of: 'run', by: LOCAL.id })
    const { rows } = await options.projections.query('default', 'runs', { run: 'r1' })
    expect(rows[0]).toMatchObject({ status: 'running', paused: { by: LOCAL.id }, settled: { succeeded: 1 } })
    await expect(engine.unpause(LOCAL, 'r1')).resolves.toEqual({ effective: true })
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    const at = (kind: string) => log.findIndex((record) => record.kind === kind)
    const between = log.slice(at('run.paused'), at('run.resumed')).filter(({ run }) => run === 'r1')
    expect(only(between, 'item.launched').map(({ data }) => data.step)).toEqual(['gate:0'])
    expect(only(between, 'item.settled').map((record) => record.item)).toEqual(['a'])
    const sealed = await options.projections.query('default', 'runs', { run: 'r1' })
    expect(sealed.rows[0]).not.toHaveProperty('paused')
  })

  it('gives back the locks of what has not begun', async () => {
    const hands = fakeHands(({ run }) => (run === 'busy' ? 'hold' : SUCCEEDED))
    const { engine, options } = await engineWith(hands, {
      queues: { default: { concurrency: 1 }, other: { concurrency: 1 } },
    })
    const locks = [{ type: 'name', name: 'deploy' }] as const
    await engine.submit(LOCAL, submission('busy', [item('a')]))
    await engine.submit(LOCAL, submission('r1', [item('a', { locks }), item('b', { locks })]))
    await engine.pause(LOCAL, 'r1')
    await engine.submit(LOCAL, submission('r2', [item('a', { locks, queue: 'other' })]))
    await expect(engine.sealed('r2')).resolves.toBe('succeeded')
    await engine.unpause(LOCAL, 'r1')
    for (const id of hands.running()) hands.exit(id)
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const launched = only(await records(options), 'item.launched').map((record) => `${record.run}/${record.item}`)
    expect(launched).toEqual(['busy/a', 'r2/a', 'r1/a', 'r1/b'])
  })

  it('of all runs holds after a restart, also for what is submitted then', async () => {
    const hands = fakeHands()
    const { engine, options } = await engineWith(hands, { recordsPerSnapshot: 1 })
    await expect(engine.pause(LOCAL)).resolves.toEqual({ effective: true })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await engine.stop()
    const next = createEngine(options)
    await next.start()
    await next.submit(LOCAL, submission('r2', [item('a')]))
    expect(next.paused()).toMatchObject({ by: LOCAL.id })
    for (const run of ['r1', 'r2']) expect(next.waiting(run, 'a')).toMatchObject({ for: 'pause', of: 'service' })
    expect(hands.launched).toEqual([])
    await next.unpause(LOCAL)
    expect(next.paused()).toBeUndefined()
    await expect(Promise.all([next.sealed('r1'), next.sealed('r2')])).resolves.toEqual(['succeeded', 'succeeded'])
    await next.stop()
  })

  it('of a run is there after recovery without a snapshot', async () => {
    const hands = fakeHands(({ item: spec }) => (spec?.id === 'a' ? 'hold' : SUCCEEDED))
    const { engine, options } = await engineWith(hands, one)
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b')]))
    await until(() => hands.running().length === 1)
    await engine.pause(LOCAL, 'r1')
    await engine.stop()
    const plain = { ...options, journal: { ...options.journal, loadState: async () => undefined } }
    const next = createEngine(plain)
    await next.start()
    for (const id of hands.running()) hands.exit(id)
    await until(() => next.stats().running === 0)
    expect(next.waiting('r1', 'b')).toMatchObject({ for: 'pause' })
    await next.unpause(LOCAL, 'r1')
    await expect(next.sealed('r1')).resolves.toBe('succeeded')
    await next.stop()
  })

  it('keeps runs from being cancelled by a stop that keeps what is paused', async () => {
    const { engine, options } = await engineWith(fakeHands(() => 'hold'))
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await engine.submit(LOCAL, submission('r2', [item('a')]))
    await engine.pause(LOCAL, 'r1')
    expect(engine.stats()).toMatchObject({ runs: 2, paused: 1 })
    await engine.stop({ cancelRunning: true, keepPaused: true })
    const next = createEngine(options)
    await next.start()
    await expect(next.sealed('r2')).resolves.toBe('canceled')
    await next.pause(LOCAL)
    expect(next.stats()).toMatchObject({ runs: 1, paused: 1 })
    await next.unpause(LOCAL, 'r1')
    expect(next.stats()).toMatchObject({ runs: 1, paused: 1 })
    await next.stop({ cancelRunning: true })
    const { rows } = await options.projections.query('default', 'runs', { run: 'r1' })
    expect(rows[0]).toMatchObject({ status: 'canceled' })
  })

  it('lets a run be cancelled, and its deadline pass', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await engine.pause(LOCAL)
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b', { needs: [{ from: 0 }] })]))
    await engine.pause(LOCAL, 'r1')
    await engine.cancel(LOCAL, 'r1')
    await expect(engine.sealed('r1')).resolves.toBe('canceled')
    await engine.submit(LOCAL, submission('r2', [item('a')], { spec: { workspace: { type: 'empty' }, timeoutMs: 20 } }))
    await expect(engine.sealed('r2')).resolves.toBe('failed')
    await engine.stop()
    expect(only(await records(options), 'item.launched')).toEqual([])
  })

  it('takes in what stops waiting, and builds no layer', async () => {
    const hands = fakeHands(({ attempt, step }) => (step === 'main' && attempt === 1 ? FAILED : SUCCEEDED))
    const { engine, options } = await engineWith(hands)
    const setup = { run: 'true', key: [], paths: ['x'], timeoutMs: 1_000 }
    const layers = { fake: { digest: 'f'.repeat(64), ready: false } }
    await engine.pause(LOCAL)
    await engine.submit(LOCAL, submission('r1', [item('a')], { spec: { workspace: { type: 'empty' }, setup }, layers }))
    await engine.pause(LOCAL, 'r1')
    await engine.unpause(LOCAL)
    expect(engine.waiting('r1', 'a')).toMatchObject({ for: 'pause', of: 'run' })
    const retries = { max: 1, minDelayMs: 1, maxDelayMs: 1 }
    const locks = [{ type: 'name', name: 'deploy' }] as const
    await engine.submit(LOCAL, submission('r2', [item('a', { retries, locks })]))
    await engine.unpause(LOCAL, 'r1')
    await expect(Promise.all([engine.sealed('r1'), engine.sealed('r2')])).resolves.toBeDefined()
    await engine.stop()
    const log = await records(options)
    const resumed = only(log, 'run.resumed')[0]?.seq ?? 0
    expect(only(log, 'layer.launched').every(({ seq }) => seq > resumed)).toBe(true)
    expect(only(log, 'layer.launched')).toHaveLength(1)
  })

  it('twice, late, or of nothing has no effect', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await expect(engine.pause(LOCAL, 'r1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await engine.sealed('r1')
    for (const ask of [
      () => engine.pause(LOCAL, 'r1'),
      () => engine.unpause(LOCAL, 'r1'),
      () => engine.unpause(LOCAL),
      () => engine.pause(LOCAL).then(() => engine.pause(LOCAL)),
    ])
      await expect(ask()).resolves.toEqual({ effective: false })
    await engine.stop()
    const voided = only(await records(options), 'command.voided').map(({ data }) => [data.command, data.reason])
    expect(voided).toEqual([
      ['run.pause', 'sealed'],
      ['run.resume', 'sealed'],
      ['service.resume', 'not-paused'],
      ['service.pause', 'already-paused'],
    ])
  })

  it('is denied to who may not, and that is recorded', async () => {
    const authorizer = {
      ...allowLocal(),
      authorize: async ({ action }: { action: string }): Promise<AuthorizationDecision> =>
        action.includes('pause') || action.includes('resume')
          ? { allowed: false, policy: 'none', reasons: ['no'] }
          : { allowed: true, policy: 'all', reasons: [] },
    }
    const { engine, options } = await engineWith(fakeHands(), { authorizer })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    for (const ask of [
      () => engine.pause(LOCAL, 'r1'),
      () => engine.unpause(LOCAL, 'r1'),
      () => engine.pause(LOCAL),
      () => engine.unpause(LOCAL),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await engine.stop()
    const denied = only(await records(options), 'command.denied').map(({ data }) => [data.action, data.target])
    expect(denied).toEqual([
      ['run.pause', 'r1'],
      ['run.resume', 'r1'],
      ['service.pause', undefined],
      ['service.resume', undefined],
    ])
  })
})
