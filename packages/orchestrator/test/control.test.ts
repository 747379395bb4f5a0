import { SeamError } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { memoryJournal, memorySigner } from '@seamark/testing'
import { createEngine } from '../src/index.ts'
import { LOCAL, engineWith, fakeHands, item, records, submission } from './harness.ts'
import { SUCCEEDED, only, until } from './records.ts'

describe('waiting', () => {
  it('takes a token once', async () => {
    const hands = fakeHands(({ attempt }) => (attempt === 1 ? { outcome: 'parked', reason: 'input' } : SUCCEEDED))
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    const waiting = engine.waiting('r1', 'a')
    const token = waiting?.for === 'parked' ? waiting.token : ''
    expect(engine.stats()).toMatchObject({ running: 0, parked: 1 })
    await expect(engine.resume(LOCAL, 'r1', 'a', 'another')).rejects.toMatchObject({ code: 'CONFLICT' })
    await engine.resume(LOCAL, 'r1', 'a', token)
    await expect(engine.resume(LOCAL, 'r1', 'a', token)).rejects.toMatchObject({
      code: expect.stringMatching(/CONFLICT|NOT_FOUND/),
    })
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'item.resumed').map(({ actor, data }) => [actor, data.by])).toEqual([[LOCAL.id, 'answer']])
    expect(only(log, 'command.voided').map(({ data }) => data.reason)).toContain('token')
    expect(only(log, 'attempt.ended').map(({ data }) => data.outcome)).toEqual(['parked', 'succeeded'])
  })

  it('ends at its expiry', async () => {
    const hands = fakeHands(() => ({ outcome: 'parked', reason: 'input', expiresAt: Date.now() + 30 }))
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'item.resumed').map(({ data }) => data.by)).toEqual(['expiry'])
    expect(only(log, 'item.settled').map(({ data }) => data)).toEqual([{ outcome: 'failed', reason: 'expired' }])
  })

  it('tells needs, locks with their holder, queues', async () => {
    const hands = fakeHands(() => 'hold')
    const { engine } = await engineWith(hands, { queues: { default: { concurrency: 2 } } })
    const src = [{ type: 'tree', path: 'src' }] as const
    await engine.submit(
      LOCAL,
      submission('r1', [
        item('a', { locks: src }),
        item('b', { locks: [{ type: 'path', path: 'src/x' }] }),
        item('c', { needs: [{ from: 0 }] }),
        item('d'),
        item('e'),
      ]),
    )
    await until(() => hands.running().length === 2)
    expect(engine.waiting('r1', 'a')).toBeUndefined()
    expect(engine.waiting('r1', 'b')).toEqual({ for: 'lock', lock: 'src/x', heldBy: { run: 'r1', item: 'a' } })
    expect(engine.waiting('r1', 'c')).toEqual({ for: 'needs', items: ['a'] })
    expect(engine.waiting('r1', 'e')).toEqual({ for: 'queue', queue: 'default' })
    await engine.stop({ cancelRunning: true })
  })
})

describe('queues', () => {
  it('run no more than they may, by priority, and starve nobody', async () => {
    const hands = fakeHands()
    const { engine, options } = await engineWith(hands, { queues: { default: { concurrency: 1 } } })
    await engine.submit(
      LOCAL,
      submission('r1', [item('low', { priority: -100 }), item('mid'), item('high', { priority: 100 })]),
    )
    await engine.sealed('r1')
    await engine.stop()
    expect(only(await records(options), 'item.launched').map((record) => record.item)).toEqual(['high', 'mid', 'low'])
  })
})

describe('cancel', () => {
  it('reaches the process and settles everything', async () => {
    const hands = fakeHands(() => 'hold')
    const { engine, options } = await engineWith(hands, { queues: { default: { concurrency: 2 } } })
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b'), item('c'), item('d', { needs: [{ from: 0 }] })]))
    await until(() => hands.running().length === 2)
    await expect(engine.cancel(LOCAL, 'r1')).resolves.toEqual({ effective: true })
    await expect(engine.sealed('r1')).resolves.toBe('canceled')
    expect(hands.running()).toEqual([])
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'attempt.ended').map(({ data }) => data.outcome)).toEqual(['canceled', 'canceled'])
    expect(only(log, 'items.settled').map(({ data }) => data)).toEqual([
      { outcome: 'canceled', ranges: [[2, 3]], reason: 'requested' },
    ])
  })

  it('of one item skips what needs it and leaves the rest', async () => {
    const hands = fakeHands(({ item: spec }) => (spec?.id === 'a' ? 'hold' : SUCCEEDED))
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b', { needs: [{ from: 0 }] }), item('c')]))
    await until(() => hands.running().length === 1)
    await engine.cancel(LOCAL, 'r1', 'a')
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    const { rows } = await options.projections.query('default', 'items', { run: 'r1' })
    expect(rows.map(({ item: id, status }) => [id, status])).toEqual([
      ['a', 'canceled'],
      ['b', 'skipped'],
      ['c', 'succeeded'],
    ])
  })

  it('of a sealed run is recorded in a segment of its own and changes nothing', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await engine.sealed('r1')
    await expect(engine.cancel(LOCAL, 'r1')).resolves.toEqual({ effective: false })
    await expect(Promise.all([engine.cancel(LOCAL, 'r1'), engine.cancel(LOCAL, 'r1', 'a')])).resolves.toEqual([
      { effective: false },
      { effective: false },
    ])
    await engine.stop()
    const log = (await records(options)).filter(({ run }) => run === 'r1')
    expect(log.map(({ runSeq }) => runSeq)).toEqual(log.map((_, index) => index))
    expect(only(log, 'run.sealed').map(({ data }) => [data.segment, data.from, data.count, data.status])).toEqual([
      [0, 0, 5, 'succeeded'],
      [1, 6, 1, 'succeeded'],
      [2, 8, 2, 'succeeded'],
    ])
  })

  it('comes by itself when a run is out of time', async () => {
    const hands = fakeHands(() => 'hold')
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, submission('r1', [item('a')], { spec: { workspace: { type: 'empty' }, timeoutMs: 40 } }))
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    expect(only(await records(options), 'cancel.requested').map(({ actor, data }) => [actor, data.reason])).toEqual([
      ['engine', 'timeout'],
    ])
  })

  it('names what is not there', async () => {
    const { engine } = await engineWith(fakeHands())
    await expect(engine.cancel(LOCAL, 'nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await engine.stop()
  })
})

describe('a restart', () => {
  it('goes on with what runs, and with what ended meanwhile', async () => {
    const hands = fakeHands(({ item: spec }) => (spec?.id === 'c' ? SUCCEEDED : 'hold'))
    const { engine, options } = await engineWith(hands)
    await engine.submit(
      LOCAL,
      submission('r1', [item('a'), item('b'), item('c', { needs: [{ from: 0 }, { from: 1 }] })]),
    )
    await until(() => hands.running().length === 2)
    const [first = '', second = ''] = hands.launched
    await engine.stop()
    expect(hands.running()).toEqual([first, second])
    hands.exit(first)
    const { engine: next } = await engineWith(hands, options)
    setTimeout(() => hands.exit(second), 20)
    await expect(next.sealed('r1')).resolves.toBe('succeeded')
    await next.stop()
    expect(hands.launched).toHaveLength(3)
    expect([...hands.tombstones].sort()).toEqual([...hands.launched].sort())
  })

  it('goes on with a cancel that had no end', async () => {
    const hands = fakeHands(() => 'hold')
    const journal = memoryJournal()
    const stuck = { ...hands.executor, kill: () => new Promise<void>(() => undefined) }
    const { engine } = await engineWith({ ...hands, executor: stuck }, journal)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => hands.running().length === 1)
    await engine.cancel(LOCAL, 'r1')
    const { engine: next } = await engineWith(hands, journal.reopen())
    await expect(next.sealed('r1')).resolves.toBe('canceled')
    expect(hands.running()).toEqual([])
    await next.stop()
  })

  it('does not start with a signer that refuses for good, and starts with one that is away', async () => {
    const refusing = (code: 'FORBIDDEN' | 'UNAVAILABLE') => ({
      ...memorySigner(),
      publicKey: async () => Promise.reject(new SeamError(code, 'no key')),
    })
    const { notices, engine } = await engineWith(fakeHands(), { signer: refusing('UNAVAILABLE') })
    expect(notices[0]).toMatchObject({ code: 'UNAVAILABLE' })
    await engine.stop()
    await expect(engineWith(fakeHands(), { signer: refusing('FORBIDDEN') })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  it('has one writer', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await expect(createEngine(options).start()).rejects.toMatchObject({ code: 'CONFLICT' })
    await engine.stop()
    await engine.stop()
    await expect(engine.cancel(LOCAL, 'r1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('stops when its lease is taken over', async () => {
    const hands = fakeHands(() => 'hold')
    const journal = memoryJournal()
    const { engine } = await engineWith(hands, journal)
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => hands.running().length === 1)
    journal.depose('default')
    await expect(engine.failed).resolves.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('a full disk', () => {
  it('stops launches and submissions, settles what runs, and goes on by itself', async () => {
    let full = false
    const hands = fakeHands(() => 'hold')
    const { engine, options } = await engineWith(hands, {
      ...memoryJournal({ full: () => full }),
      queues: { default: { concurrency: 1 } },
    })
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b')]))
    await until(() => hands.running().length === 1)
    full = true
    await expect(engine.submit(LOCAL, submission('r2', [item('a')]))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    hands.exit(hands.running()[0] ?? '')
    await expect
      .poll(async () => only(await records(options), 'item.settled').map((record) => record.item), { timeout: 8_000 })
      .toEqual(['a'])
    expect(engine.waiting('r1', 'b')).toEqual({ for: 'disk' })
    full = false
    await expect.poll(() => hands.running().length, { timeout: 8_000 }).toBe(1)
    hands.exit(hands.running()[0] ?? '')
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
  })
})
