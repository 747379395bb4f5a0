import type { Action, AnyRecord, Authorizer, Principal } from '@seamark/core'
import { allowLocal, SeamError } from '@seamark/kit'
import { fakeClock, memoryJournal } from '@seamark/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Denial } from '../src/denials.ts'
import { denials } from '../src/denials.ts'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'
import { only, until } from './records.ts'

const STRANGER = { id: 'stranger' }
const READS: readonly Action[] = ['run.read', 'evidence.export', 'keys.read', 'service.stop']

function denying(policy: string): Authorizer {
  return { ...allowLocal(), authorize: async () => ({ allowed: false, policy, reasons: ['No.'] }) }
}

/** How many denials the log holds. */
function counted(log: readonly AnyRecord[]): number {
  return only(log, 'command.denied').reduce((sum, { data }) => sum + (data.count ?? 1), 0)
}

it('records what somebody else denied, each place of it counted, and only ten times by itself', async () => {
  const { engine, options } = await engineWith(fakeHands())
  const denial = { action: 'run.submit', policy: 'plan', target: '/items/0/run', count: 2 }
  const told = Array.from({ length: 14 }, () => engine.denied(STRANGER, denial))
  await expect(engine.denied(STRANGER, { ...denial, policy: 'p'.repeat(201) })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  })
  await engine.stop()
  await Promise.all(told)
  const log = await records(options)
  expect(counted(log)).toBe(28)
  expect(only(log, 'command.denied')).toHaveLength(11)
  expect(only(log, 'command.denied')[0]).toMatchObject({ actor: 'stranger', data: denial })
})

describe('a question that is denied', () => {
  it('is FORBIDDEN and recorded, with who asked for what', async () => {
    const { engine, options } = await engineWith(fakeHands())
    for (const action of READS)
      await expect(engine.authorize(STRANGER, action, { run: 'r1', item: 'a' })).rejects.toMatchObject({
        code: 'FORBIDDEN',
      })
    await expect(engine.authorize({ ...STRANGER, onBehalfOf: 'p' }, 'run.read', { run: '../x' })).rejects.toMatchObject(
      { code: 'FORBIDDEN' },
    )
    const { size } = engine.stats()
    await expect(engine.authorize(LOCAL, 'run.read', { run: 'r1' })).resolves.toBeUndefined()
    expect(engine.stats().size).toBe(size)
    await engine.stop()
    expect(only(await records(options), 'command.denied')).toMatchObject([
      ...READS.map((action) => ({ actor: 'stranger', data: { action, policy: 'allow-local', target: 'r1' } })),
      { actor: 'stranger', onBehalfOf: 'p', data: { action: 'run.read', policy: 'allow-local' } },
    ])
  })

  it('is told only once that is durable', async () => {
    const memory = memoryJournal()
    const held = Promise.withResolvers<void>()
    let hold = false
    const journal: typeof memory.journal = {
      ...memory.journal,
      append: async (...args) => {
        if (hold) await held.promise
        return memory.journal.append(...args)
      },
    }
    const { engine } = await engineWith(fakeHands(), { ...memory, journal })
    hold = true
    let told = false
    const asked = engine.authorize(STRANGER, 'run.read').catch((error: unknown) => {
      told = true
      return error
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told).toBe(false)
    held.resolve()
    expect(await asked).toMatchObject({ code: 'FORBIDDEN' })
    await engine.stop()
  })

  it('is UNAVAILABLE where nothing can be recorded, and what is allowed goes on', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await engine.stop()
    const { size } = await options.journal.head('default')
    await expect(engine.authorize(STRANGER, 'run.read')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(engine.authorize(LOCAL, 'run.read')).resolves.toBeUndefined()
    expect(await options.journal.head('default')).toMatchObject({ size })
  })

  it.each([
    ['no name', '', 'unknown'],
    ['a long name', 'p'.repeat(1_000), 'p'.repeat(200)],
    ['half a character', `p\ud800`, 'p\ufffd'],
  ])('is recorded under a policy of %s', async (_, policy, recorded) => {
    const { engine, options } = await engineWith(fakeHands(), { authorizer: denying(policy) })
    await expect(engine.authorize(LOCAL, 'keys.read')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await engine.stop()
    expect(only(await records(options), 'command.denied').map(({ data }) => data.policy)).toEqual([recorded])
  })

  it.each(['', 'x'.repeat(201), '\udc00'])('is UNAUTHENTICATED for a principal that no record can name', async (id) => {
    const { engine } = await engineWith(fakeHands())
    const { size } = engine.stats()
    await expect(engine.authorize({ id }, 'run.read')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(engine.authorize({ ...LOCAL, onBehalfOf: id }, 'run.read')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
    await expect(engine.submit({ id }, submission('r1', [item('a')]))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
    expect(engine.stats().size).toBe(size)
    await engine.stop()
  })
})

describe('who is denied again and again', () => {
  it('can not fill the log, and every denial is counted in it', async () => {
    const { engine, options } = await engineWith(fakeHands())
    const ask = (n: number) =>
      n % 2 === 0
        ? engine.authorize(STRANGER, 'run.read', { run: `r${n}` })
        : engine.submit(STRANGER, submission(`r${n}`, [item('a')]))
    const asked = Array.from({ length: 2_000 }, (_, n) => ask(n).catch((error: unknown) => error))
    // Somebody else is not kept waiting.
    await expect(engine.authorize({ id: 'other' }, 'keys.read')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await engine.stop()
    for (const error of await Promise.all(asked)) expect(error).toMatchObject({ code: 'FORBIDDEN' })
    const log = await records(options)
    expect(counted(log)).toBe(2_001)
    expect(only(log, 'command.denied').length).toBeLessThanOrEqual(10 + 2 + 1)
  })

  it('is answered when the window ends', async () => {
    const clock = fakeClock(1_000_000)
    const { engine, options } = await engineWith(fakeHands(), { clock })
    let answers = 0
    for (let n = 0; n < 15; n++)
      void engine.authorize(STRANGER, 'run.read').catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'FORBIDDEN' })
        answers++
      })
    await until(() => answers === 10)
    clock.advance(30_000)
    await until(() => answers === 15)
    await engine.stop()
    expect(only(await records(options), 'command.denied').map(({ data }) => data.count ?? 1)).toEqual([
      ...Array.from({ length: 10 }, () => 1),
      5,
    ])
  })

  it('has every answer borne out by a record that was there before, whatever is asked when', async () => {
    const step = fc.record({
      who: fc.constantFrom<Principal>(STRANGER, { id: 'other' }, { id: 'stranger', onBehalfOf: 'p' }),
      action: fc.constantFrom('run.read', 'keys.read'),
      times: fc.integer({ min: 1, max: 30 }),
      wait: fc.constantFrom(0, 1_000, 29_999, 30_000, 90_000),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, away) => {
        const clock = fakeClock()
        const log: { at: number; who: string; denial: Denial }[] = []
        const answered = new Map<string, number>()
        let asked = 0
        let failed = 0
        const { add, close } = denials({
          clock,
          async record(who, denial) {
            if (away && clock.now() % 60_000 > 30_000) throw new SeamError('UNAVAILABLE', 'away')
            log.push({ at: clock.now(), who: JSON.stringify(who), denial })
          },
        })
        const recorded = (who: string) =>
          log.reduce((sum, each) => sum + (each.who === who ? (each.denial.count ?? 1) : 0), 0)
        for (const { who, action, times, wait } of steps) {
          const key = JSON.stringify(who)
          for (let n = 0; n < times; n++, asked++)
            void add(who, { action, policy: 'p', target: 'r' }).then(
              () => {
                answered.set(key, (answered.get(key) ?? 0) + 1)
                expect(answered.get(key)).toBeLessThanOrEqual(recorded(key))
              },
              () => failed++,
            )
          clock.advance(wait)
        }
        close()
        await new Promise((resolve) => setImmediate(resolve))
        expect([...answered.values()].reduce((a, b) => a + b, 0) + failed).toBe(asked)
        for (const [key, count] of answered) expect(recorded(key)).toBe(count)
        for (const { at, who } of log) {
          const near = log.filter((each) => each.who === who && each.at >= at && each.at < at + 30_000)
          // The end of one window and the beginning of the next: of each, ten records and a counted one for each action.
          expect(near.length).toBeLessThanOrEqual(2 * (10 + 2))
        }
        expect(clock.pending()).toEqual([])
        await expect(add(STRANGER, { action: 'run.read', policy: 'p' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      }),
    )
  })
})
