import type { Exit } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { expect, it } from 'vitest'
import { redactEnd } from '../src/redact-end.ts'
import { engineWith, fakeHands, item, LOCAL, product, records, submission } from './harness.ts'
import { only } from './records.ts'

const value = 'sk-canary-0123456789'
const redact = (text: string) => text.replaceAll(value, '[redacted:canary]')
const exit: Exit = {
  reason: 'not-started',
  startedAt: 1,
  endedAt: 2,
  outputBytes: 0,
  detail: `no ${value}`,
  left: { processes: 2, names: [`a ${value}`, 'b'] },
}

it('has no secret in the records of an attempt that could not be prepared', async () => {
  const hands = fakeHands()
  const worker = { ...hands.worker, prepare: () => Promise.reject(new SeamError('NOT_FOUND', `It said ${value}.`)) }
  const { engine, options } = await engineWith(hands, { worker, redact })
  await engine.submit(LOCAL, submission('r1', [item('a')]))
  await engine.sealed('r1')
  await engine.stop()
  const log = await records(options)
  expect(only(log, 'attempt.ended')).toMatchObject([
    { data: { reason: 'prepare', detail: 'NOT_FOUND: It said [redacted:canary].' } },
  ])
  expect(JSON.stringify(log)).not.toContain(value)
})

it('takes secrets out of every word of an end, and leaves the rest', () => {
  const verdict = { outcome: 'failed', reason: 'exit-code', detail: `1 ${value}` } as const
  const end = redactEnd({ type: 'report', exit, report: { verdict, product: product() } }, redact)
  expect(JSON.stringify(end)).not.toContain(value)
  expect(end).toEqual({
    type: 'report',
    exit: { ...exit, detail: 'no [redacted:canary]', left: { processes: 2, names: ['a [redacted:canary]', 'b'] } },
    report: { verdict: { ...verdict, detail: '1 [redacted:canary]' }, product: product() },
  })
  expect(redactEnd({ type: 'lost' }, redact)).toEqual({ type: 'lost' })
})
