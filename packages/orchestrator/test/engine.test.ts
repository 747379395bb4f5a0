import { describe, expect, it } from 'vitest'
import { allowLocal, SeamError } from '@seamark/kit'
import { engineWith, fakeHands, item, LOCAL, PLAN, records, submission } from './harness.ts'
import { SUCCEEDED, FAILED, kinds, only, until } from './records.ts'

describe('a run', () => {
  it('goes from submit to seal, each step a record', async () => {
    const hands = fakeHands()
    const { engine, options, notices } = await engineWith(hands)
    await expect(
      engine.submit(LOCAL, submission('r1', [item('a'), item('b', { needs: [{ from: 0 }] })])),
    ).resolves.toEqual({ run: 'r1', created: true })
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const kinds = (await records(options))
      .filter(({ run }) => run === 'r1')
      .map(({ kind, item: id }) => (id === undefined ? kind : `${kind} ${id}`))
    expect(kinds).toEqual([
      'run.submitted',
      'items.added',
      'item.launched a',
      'attempt.ended a',
      'item.settled a',
      'item.launched b',
      'attempt.ended b',
      'item.settled b',
      'run.sealed',
    ])
    expect(notices).toEqual([])
  })

  it('is the same run for the same id and plan, and a conflict for another plan, also when it is over', async () => {
    const { engine } = await engineWith(fakeHands())
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.submit(LOCAL, submission('r1', [item('a')]))).resolves.toEqual({ run: 'r1', created: false })
    await engine.sealed('r1')
    await expect(engine.submit(LOCAL, submission('r1', [item('a')]))).resolves.toEqual({ run: 'r1', created: false })
    await expect(
      engine.submit(LOCAL, submission('r1', [item('a')], { plan: PLAN.replace('a', 'b') })),
    ).rejects.toMatchObject({ code: 'CONFLICT' })
    await engine.stop()
  })

  it('refuses what it could not run, all problems at once', async () => {
    const { engine } = await engineWith(fakeHands())
    const bad = submission('r1', [
      item('a', { executor: 'nowhere' }),
      item('a', { queue: 'none' }),
      item('b', { runtime: 'x', needs: [{ from: 9 }] }),
    ])
    await expect(engine.submit(LOCAL, bad)).rejects.toMatchObject({ code: 'INVALID_INPUT', problems: { length: 5 } })
    const many = Array.from({ length: 500 }, (_, n) => ({ name: `input-${n}`, from: 0, select: 'patch' as const }))
    await expect(engine.submit(LOCAL, submission('r1', [item('a'), item('b', { needs: many })]))).rejects.toMatchObject(
      { code: 'INVALID_INPUT', problems: [{ place: { pointer: '/items/1/needs' } }] },
    )
    const cycle = submission('r1', [item('a', { needs: [{ from: 1 }] }), item('b', { needs: [{ from: 0 }] })])
    await expect(engine.submit(LOCAL, cycle)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      problems: [{ place: { pointer: '/items' } }],
    })
    await engine.stop()
  })

  it('records who was denied, and does nothing', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await expect(engine.submit({ id: 'stranger' }, submission('r1', [item('a')]))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    const failing = { ...allowLocal(), authorize: async () => Promise.reject(new SeamError('UNAVAILABLE', 'away')) }
    await engine.stop()
    const { engine: second } = await engineWith(fakeHands(), { ...options, authorizer: failing })
    await expect(second.cancel(LOCAL, 'r1')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await second.stop()
    const denied = only(await records(options), 'command.denied')
    expect(denied.map(({ actor, data }) => [actor, data.action, data.policy, data.target])).toEqual([
      ['stranger', 'run.submit', 'allow-local', 'r1'],
      [LOCAL.id, 'run.cancel', 'unavailable', 'r1'],
    ])
    expect(only(await records(options), 'run.submitted')).toEqual([])
  })

  it('skips everything downstream of a failure in one record', async () => {
    const hands = fakeHands(({ item: spec }) => (spec?.id === 'a' ? FAILED : SUCCEEDED))
    const { engine, options } = await engineWith(hands)
    const chain = Array.from({ length: 50 }, (_, index) =>
      item(`c${index}`, { needs: [{ from: index === 0 ? 0 : index }] }),
    )
    await engine.submit(LOCAL, submission('r1', [item('a'), ...chain, item('free')]))
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    const skipped = only(await records(options), 'items.settled')
    expect(skipped.map(({ data }) => data)).toEqual([{ outcome: 'skipped', ranges: [[1, 50]], reason: 'needs' }])
    const { rows } = await options.projections.query('default', 'items', { run: 'r1', status: 'skipped' })
    expect(rows).toHaveLength(50)
  })

  it('gives inputs by digest', async () => {
    const hands = fakeHands()
    const { engine, options } = await engineWith(hands)
    await engine.submit(
      LOCAL,
      submission('r1', [
        item('a'),
        item('b', { needs: [{ name: 'p', from: 0, select: 'patch' }] }),
        item('c', { needs: [{ name: 'w', from: 0, select: 'workspace' }] }),
      ]),
    )
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    const log = await records(options)
    const launched = only(log, 'item.launched').find((record) => record.item === 'b')
    expect(launched?.data.inputs).toEqual([
      {
        name: 'p',
        from: 'a',
        select: 'patch',
        blob: { sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', size: 0 },
      },
    ])
    expect(only(log, 'item.settled').find((record) => record.item === 'c')?.data).toEqual({
      outcome: 'failed',
      reason: 'input-missing',
    })
  })
})

describe('attempts', () => {
  it('are retried with recorded back-off until they are used up', async () => {
    const { engine, options } = await engineWith(fakeHands(() => FAILED))
    await engine.submit(LOCAL, submission('r1', [item('a', { retries: { max: 2, minDelayMs: 10, maxDelayMs: 15 } })]))
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'attempt.ended').map(({ attempt, data }) => [attempt, data.outcome])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'failed'],
    ])
    for (const { at, data } of only(log, 'item.parked')) {
      expect(data.reason).toBe('retry')
      expect((data.resumeAt ?? 0) - at).toBeGreaterThanOrEqual(5)
      expect((data.resumeAt ?? 0) - at).toBeLessThanOrEqual(15)
    }
    const fences = only(log, 'item.launched').map(({ fence }) => fence ?? 0)
    expect(fences).toEqual([...fences].sort((a, b) => a - b))
    expect(new Set(fences).size).toBe(3)
  })

  it('keep their back-off over a restart', async () => {
    const hands = fakeHands(({ attempt }) => (attempt === 1 ? FAILED : SUCCEEDED))
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a', { retries: { max: 1, minDelayMs: 300, maxDelayMs: 300 } })]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    await engine.stop()
    const { engine: second } = await engineWith(hands, options)
    expect(second.waiting('r1', 'a')).toMatchObject({ for: 'parked', reason: 'retry' })
    await expect(second.sealed('r1')).resolves.toBe('succeeded')
    await second.stop()
    const log = await records(options)
    const [parked] = only(log, 'item.parked')
    const [resumed] = only(log, 'item.resumed')
    expect(resumed?.data).toEqual({ token: parked?.data.token, by: 'time' })
    expect(resumed?.at).toBeGreaterThanOrEqual(parked?.data.resumeAt ?? Infinity)
  })

  it('are not burned by an executor without capacity', async () => {
    let refusals = 2
    const hands = fakeHands(() => (refusals-- > 0 ? 'refuse' : SUCCEEDED))
    const { engine, options } = await engineWith({
      ...hands,
      worker: {
        ...hands.worker,
        prepare: async (task) => (
          hands.tasks.set(task.launchId, task),
          { argv: ['true'], env: {}, cwd: '/', mounts: [] }
        ),
      },
    })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'item.parked').map(({ data }) => data.reason)).toEqual(['capacity', 'capacity'])
    expect(only(log, 'item.launched').map(({ attempt }) => attempt)).toEqual([1, 1, 1])
    expect(new Set(only(log, 'item.launched').map(({ data }) => data.launchId)).size).toBe(1)
    expect(only(log, 'attempt.ended')).toHaveLength(1)
  })

  it('end with a record when they can not be prepared', async () => {
    const { engine, options } = await engineWith(fakeHands(() => 'prepare-fails'))
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    expect(only(await records(options), 'attempt.ended').map(({ data }) => data)).toEqual([
      { outcome: 'failed', reason: 'prepare', detail: 'NOT_FOUND: no such thing' },
    ])
  })

  it('that are lost are tried again', async () => {
    const { engine, options } = await engineWith(fakeHands(({ attempt }) => (attempt === 1 ? 'lost' : SUCCEEDED)))
    await engine.submit(LOCAL, submission('r1', [item('a', { retries: { max: 1, minDelayMs: 1, maxDelayMs: 1 } })]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    expect(only(await records(options), 'attempt.ended').map(({ data }) => data.outcome)).toEqual(['lost', 'succeeded'])
  })

  it('are judged by gates, each its own launch under its own fence', async () => {
    const hands = fakeHands(({ step, attempt }) => (step === 'gate:1' && attempt === 1 ? FAILED : SUCCEEDED))
    const { engine, options } = await engineWith(hands)
    const gate = { run: 'npm test', protect: [], timeoutMs: 1_000 }
    await engine.submit(
      LOCAL,
      submission('r1', [item('a', { gates: [gate, gate], retries: { max: 1, minDelayMs: 1, maxDelayMs: 1 } })]),
    )
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(kinds(log, 'r1').filter((kind) => kind.endsWith(' a'))).toEqual([
      'item.launched a',
      'item.captured a',
      'item.launched a',
      'gate.ended a',
      'item.launched a',
      'gate.ended a',
      'attempt.ended a',
      'item.parked a',
      'item.resumed a',
      'item.launched a',
      'item.captured a',
      'item.launched a',
      'gate.ended a',
      'item.launched a',
      'gate.ended a',
      'attempt.ended a',
      'item.settled a',
    ])
    expect(only(log, 'gate.ended').map(({ data }) => data.passed)).toEqual([true, false, true, true])
    expect(only(log, 'attempt.ended').map(({ data }) => [data.outcome, data.reason])).toEqual([
      ['failed', 'gate:1'],
      ['succeeded', 'completed'],
    ])
    const judged = [...hands.tasks.values()].filter(({ step }) => step.startsWith('gate'))
    expect(judged.every((task) => task.judged !== undefined)).toBe(true)
  })
})
