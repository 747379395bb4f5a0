import type { StepReport, StepTask, Worker } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { LIMITED_LIMITS } from '../src/limits.ts'
import { LOCAL, engineWith, fakeHands, item, product, records, submission } from './harness.ts'
import { only, SUCCEEDED, until } from './records.ts'
import { call, spending, tokenOf } from './spending.ts'

type Left = Pick<StepReport, 'verdict' | 'conversation'> & { readonly snapshot?: { sha256: string; size: number } }

const QUESTION = { id: 'q-1', text: 'Which of the two?' }
const ASKS: Left['verdict'] = { outcome: 'parked', reason: 'input', question: QUESTION }
const blob = (digit: string) => ({ sha256: digit.repeat(64), size: 7 })
const talk = (id: string, digit: string) => ({ conversation: { id, state: blob(digit) }, snapshot: blob(digit) })
const failed = (reason: string): Left['verdict'] => ({ outcome: 'failed', reason })

/** An engine whose attempts of `a` leave this, one after the other; all others succeed. */
async function leaving(...each: readonly Left[]) {
  const hands = fakeHands()
  const seen: StepTask[] = []
  const worker: Worker = {
    ...hands.worker,
    async capture(task, executor, exit) {
      if (exit.reason === 'killed' || task.item?.id !== 'a') return hands.worker.capture(task, executor, exit)
      seen.push(task)
      const { snapshot, ...left } = each[task.attempt - 1] ?? { verdict: SUCCEEDED }
      return { ...left, product: { ...product(), ...(snapshot && { snapshot }) } }
    },
  }
  return { seen, hands, ...(await engineWith(hands, { worker })) }
}

const goesOn = ({ conversation, answer, resumeFrom }: StepTask) => ({ conversation, answer, resumeFrom })

describe('a question', () => {
  it('parks its item until it is answered, and nothing that needs it runs before', async () => {
    const { engine, options, seen, hands } = await leaving({ verdict: ASKS, ...talk('c-1', '1') })
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b', { needs: [{ from: 0 }] })]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    expect(engine.waiting('r1', 'a')).toMatchObject({ for: 'parked', reason: 'input', question: QUESTION })
    expect(engine.stats()).toMatchObject({ running: 0, parked: 1 })
    expect(hands.launched).toHaveLength(1)
    await engine.answer(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), 'The second one.')
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    expect(seen.map(goesOn)).toEqual([
      { conversation: undefined, answer: undefined, resumeFrom: undefined },
      {
        conversation: { id: 'c-1', state: blob('1') },
        answer: { question: QUESTION, text: 'The second one.' },
        resumeFrom: blob('1'),
      },
    ])
    const log = await records(options)
    expect(only(log, 'item.launched').map(({ item: id, data }) => [id, data.resumes])).toEqual([
      ['a', undefined],
      ['a', 'c-1'],
      ['b', undefined],
    ])
    // Their words are payloads, which can be purged; the headers commit to them.
    expect(only(log, 'item.parked').map(({ payload }) => payload?.size)).toEqual([JSON.stringify(QUESTION).length])
    expect(only(log, 'item.resumed').map(({ actor, payload }) => [actor, payload?.size])).toEqual([[LOCAL.id, 15]])
    expect(JSON.stringify(log)).not.toContain('second one')
  })

  it('is answered once: a second, late, or wrong answer is recorded and changes nothing', async () => {
    const { engine, options } = await leaving({ verdict: ASKS }, { verdict: ASKS })
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b')]))
    await until(() => tokenOf(engine, 'a') !== '' && engine.stats().running + engine.stats().waiting === 0)
    const token = tokenOf(engine, 'a')
    const answer = (to: string, of = 'a') => engine.answer(LOCAL, 'r1', of, to, 'yes')
    await expect(answer('another')).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(answer(token, 'b')).rejects.toMatchObject({ code: 'CONFLICT' })
    // Only an answer ends it.
    await expect(engine.resume(LOCAL, 'r1', 'a', token)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(engine.answer(LOCAL, 'r1', 'a', token, ' \n')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(engine.answer(LOCAL, 'r1', 'a', token, 'x'.repeat(20_001))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(engine.answer(LOCAL, 'r1', 'c', token, 'yes')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(engine.answer(LOCAL, 'r2', 'a', token, 'yes')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const two = await Promise.allSettled([answer(token), answer(token)])
    expect(two.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await until(() => !['', token].includes(tokenOf(engine, 'a')))
    await engine.cancel(LOCAL, 'r1')
    await engine.sealed('r1')
    await expect(answer(token)).rejects.toMatchObject({ code: 'CONFLICT' })
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'item.resumed')).toHaveLength(1)
    expect(only(log, 'command.voided').map(({ data }) => `${data.command}: ${data.reason}`)).toEqual([
      'item.answer: token',
      'item.answer: settled',
      'item.resume: question',
      'item.answer: token',
      'item.answer: sealed',
    ])
    expect(only(log, 'items.settled').map(({ data }) => data.outcome)).toEqual(['canceled'])
  })

  it('is not answered by who may not', async () => {
    const refused = {
      spec: 'authorizer/v1' as const,
      kind: 'test',
      name: 'test',
      guarantees: {},
      authorize: async ({ action }: { readonly action: string }) => ({
        allowed: action !== 'item.answer',
        reasons: [],
        policy: 'no-answers',
      }),
    }
    const hands = fakeHands(() => ASKS)
    const { engine, options } = await engineWith(hands, { authorizer: refused })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => tokenOf(engine, 'a') !== '')
    await expect(engine.answer(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), 'yes')).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    expect(engine.waiting('r1', 'a')).toMatchObject({ question: QUESTION })
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'command.denied').map(({ data }) => data.action)).toEqual(['item.answer'])
    expect(only(log, 'item.resumed')).toEqual([])
  })

  it('and its answer outlast the engine', async () => {
    const first = await leaving({ verdict: ASKS, ...talk('c-1', '1') })
    await first.engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => tokenOf(first.engine, 'a') !== '')
    const token = tokenOf(first.engine, 'a')
    await first.engine.stop()
    const second = await engineWith(
      fakeHands(() => 'hold'),
      pick(first.options),
    )
    expect(second.engine.waiting('r1', 'a')).toMatchObject({ token, question: QUESTION })
    await second.engine.answer(LOCAL, 'r1', 'a', token, 'yes')
    await until(() => second.engine.stats().running === 1)
    await second.engine.stop()
    const hands = fakeHands()
    const third = await engineWith(hands, pick(first.options))
    await third.engine.sealed('r1')
    await third.engine.stop()
    expect([...hands.tasks.values()].map(goesOn)).toEqual([
      {
        conversation: { id: 'c-1', state: blob('1') },
        answer: { question: QUESTION, text: 'yes' },
        resumeFrom: blob('1'),
      },
    ])
  })
})

/** The journal of an engine before. */
function pick({ journal, projections }: { journal: unknown; projections: unknown }): object {
  return { journal, projections }
}

describe('a conversation', () => {
  it.each(['exit-code', 'signal', 'limit', 'interrupted'])(
    'goes on after an attempt that ended with %s',
    async (reason) => {
      const { engine, seen } = await leaving({ verdict: failed(reason), ...talk('c-1', '1') })
      await engine.submit(LOCAL, submission('r1', [item('a', { retries: { max: 1, minDelayMs: 1, maxDelayMs: 1 } })]))
      await expect(engine.sealed('r1')).resolves.toBe('succeeded')
      await engine.stop()
      expect(seen.map(goesOn)[1]).toEqual({
        conversation: { id: 'c-1', state: blob('1') },
        answer: undefined,
        resumeFrom: blob('1'),
      })
    },
  )

  it.each(['denied', 'context', 'patch-missing', 'secret'])(
    'does not go on after %s: it is done anew',
    async (reason) => {
      const { engine, seen } = await leaving({ verdict: failed(reason), ...talk('c-1', '1') })
      await engine.submit(LOCAL, submission('r1', [item('a', { retries: { max: 1, minDelayMs: 1, maxDelayMs: 1 } })]))
      await engine.sealed('r1')
      await engine.stop()
      expect(seen.map(goesOn)[1]).toEqual({ conversation: undefined, answer: undefined, resumeFrom: undefined })
    },
  )

  it('waits for the end of a rate limit, and goes on where it was', async () => {
    const resumeAt = Date.now() + 50
    const { engine, options, seen } = await leaving({
      verdict: { outcome: 'parked', reason: 'rate-limit', resumeAt },
      ...talk('c-1', '1'),
    })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    expect(seen.map(goesOn)[1]).toMatchObject({ conversation: { id: 'c-1' }, resumeFrom: blob('1') })
    const log = await records(options)
    const [resumed] = only(log, 'item.resumed')
    expect(resumed?.data.by).toBe('time')
    expect(resumed?.at).toBeGreaterThanOrEqual(resumeAt)
    expect(only(log, 'attempt.ended').map(({ data }) => data.outcome)).toEqual(['parked', 'succeeded'])
  })

  const HOUR = 3_600_000
  const DAY = 24 * HOUR
  const { usualMs, mostMs } = LIMITED_LIMITS
  const now = Date.now()
  it.each([
    ['as its program says', now + HOUR, [now + 2 * HOUR], now + HOUR],
    [
      'as the answers to its calls say, the last of them',
      undefined,
      [now + 2 * HOUR, now + HOUR],
      now + 2 * HOUR + 1_000,
    ],
    ['after a minute where nobody says', undefined, [undefined], now + usualMs],
    ['after a minute where what is said is past', undefined, [now - HOUR], now + usualMs],
    ['after 8 days where its program says a year', now + 365 * DAY, [], now + mostMs],
    ['after 8 days where an answer says a year', undefined, [now + 365 * DAY], now + mostMs],
    ['after a minute where it is no time', undefined, [Number.NaN], now + usualMs],
  ])('goes on %s', async (_, resumeAt, told, expected) => {
    const { engine, options } = await spending(
      async (usage) => {
        const answers = []
        for (const [index, limitedUntil] of told.entries()) {
          answers.push(await usage.reserve(call(`c${index}`)))
          const limit = limitedUntil !== undefined && { limitedUntil }
          await usage.settle(`c${index}`, { as: 'used', amount: { tokens: 0, nanoUsd: 0 }, ...limit })
        }
        return answers
      },
      {},
      { outcome: 'parked', reason: 'rate-limit', ...(resumeAt !== undefined && { resumeAt }) },
    )
    await engine.submit(LOCAL, submission('r1', [item('a', { budget: { tokens: 1_000 } })]))
    await until(() => tokenOf(engine, 'a') !== '')
    const waiting = engine.waiting('r1', 'a')
    await engine.cancel(LOCAL, 'r1')
    await engine.sealed('r1')
    await engine.stop()
    const [parked] = only(await records(options), 'item.parked')
    expect(waiting).toMatchObject({ for: 'parked', reason: 'rate-limit', resumeAt: parked?.data.resumeAt })
    const at = parked?.data.resumeAt ?? 0
    expect(at).toBeGreaterThanOrEqual(expected)
    // As long as all tests of this file took to get there.
    expect(at).toBeLessThan(expected + 60_000 + Date.now() - now)
  })

  it('that is gone is begun anew, once, in the same workspace and with the answer, and no retry is spent', async () => {
    const { engine, options, seen } = await leaving(
      { verdict: ASKS, ...talk('c-1', '1') },
      { verdict: failed('resume'), snapshot: blob('9') },
      { verdict: failed('resume') },
    )
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => tokenOf(engine, 'a') !== '')
    await engine.answer(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), 'yes')
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    expect(seen.map(goesOn)[2]).toEqual({
      conversation: undefined,
      answer: { question: QUESTION, text: 'yes' },
      resumeFrom: blob('1'),
    })
    const log = await records(options)
    expect(only(log, 'item.parked').map(({ data }) => [data.reason, data.startsOver])).toEqual([
      ['input', undefined],
      ['retry', true],
    ])
    expect(only(log, 'attempt.ended').map(({ data }) => [data.outcome, data.reason])).toEqual([
      ['parked', 'input'],
      ['parked', 'resume'],
      ['failed', 'resume'],
    ])
  })

  it('is told an answer once', async () => {
    const { engine, seen } = await leaving(
      { verdict: ASKS, ...talk('c-1', '1') },
      { verdict: { outcome: 'parked', reason: 'rate-limit', resumeAt: 0 }, ...talk('c-1', '2') },
    )
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => tokenOf(engine, 'a') !== '')
    await engine.answer(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), 'yes')
    await engine.sealed('r1')
    await engine.stop()
    expect(seen.map(goesOn)[2]).toEqual({
      conversation: { id: 'c-1', state: blob('2') },
      answer: undefined,
      resumeFrom: blob('2'),
    })
  })

  it('of which nothing was kept is not gone on with, however old', async () => {
    const { engine, seen } = await leaving(
      { verdict: ASKS, ...talk('c-1', '1') },
      { verdict: ASKS, snapshot: blob('2') },
    )
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    for (const text of ['one', 'two']) {
      await until(() => tokenOf(engine, 'a') !== '')
      await engine.answer(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), text)
    }
    await engine.sealed('r1')
    await engine.stop()
    expect(seen.map(goesOn)[2]).toEqual({
      conversation: undefined,
      answer: { question: QUESTION, text: 'two' },
      resumeFrom: blob('2'),
    })
  })

  it('that is limited without end fails, and a limit that is over begins a new count', async () => {
    const limited: Left = { verdict: { outcome: 'parked', reason: 'rate-limit', resumeAt: 0 } }
    const { engine, options, seen } = await leaving(
      ...Array.from({ length: 60 }, () => limited),
      { verdict: ASKS },
      ...Array.from({ length: 200 }, () => limited),
    )
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked' && seen.length === 61)
    await engine.answer(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), 'yes')
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    expect(seen).toHaveLength(60 + 1 + 100 + 1)
    expect(only(await records(options), 'item.settled').map(({ data }) => data)).toEqual([
      { outcome: 'failed', reason: 'rate-limit' },
    ])
  })
})
