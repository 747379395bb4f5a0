import type { StepVerdict } from '@seamark/core'
import { expect, it } from 'vitest'
import { engineWith, fakeHands, item, LOCAL, submission } from './harness.ts'

/** The rows of a run whose first item ends so, attempt by attempt, and whose second needs it. */
async function rowsOf(verdicts: readonly StepVerdict[]) {
  const done: StepVerdict = { outcome: 'succeeded', reason: 'completed' }
  const hands = fakeHands((task) => (task.item?.id === 'a' ? (verdicts[task.attempt - 1] ?? done) : done))
  const { engine, options } = await engineWith(hands, { redact: (text) => text.replaceAll('hunter2', '[redacted]') })
  const retries = { max: 1, minDelayMs: 1, maxDelayMs: 1 }
  await engine.submit(LOCAL, submission('r1', [item('a', { retries }), item('b', { needs: [{ from: 0 }] })]))
  await engine.sealed('r1')
  await engine.stop()
  const { rows } = await options.projections.query('default', 'items', { run: 'r1' })
  return rows.map(({ reason, detail }) => ({ reason, detail }))
}

it('tells what the end of the newest attempt says besides its reason, without a secret', async () => {
  const missing = (path: string): StepVerdict => ({ outcome: 'failed', reason: 'output-missing', detail: path })
  expect(await rowsOf([missing('one'), missing('two hunter2')])).toEqual([
    { reason: 'output-missing', detail: 'two [redacted]' },
    { reason: 'needs', detail: undefined },
  ])
  expect(await rowsOf([missing('one'), { outcome: 'failed', reason: 'patch-missing' }])).toEqual([
    { reason: 'patch-missing', detail: undefined },
    { reason: 'needs', detail: undefined },
  ])
  expect(await rowsOf([missing('one')])).toEqual([
    { reason: 'completed', detail: undefined },
    { reason: 'completed', detail: undefined },
  ])
})
