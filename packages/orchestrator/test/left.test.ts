import type { LeftProcesses } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'
import { only } from './records.ts'

const GATE = { run: 'test', protect: [], timeoutMs: 1_000 }
const SOME: LeftProcesses = { processes: 2, names: ['sh', 'sleep'] }
const NONE: LeftProcesses = { processes: 0, names: [] }
const FAILED = { outcome: 'failed', reason: 'exit-code', detail: '1' } as const

/** Runs one item whose launches end with what each is said to have left, in turn. */
async function runWith(left: readonly (LeftProcesses | undefined)[], { gates = 0, failures = 0 }) {
  let ended = 0
  const hands = fakeHands(
    (task) =>
      task.step === 'main' && task.attempt <= failures ? FAILED : { outcome: 'succeeded', reason: 'completed' },
    () => {
      const one = left[ended++]
      return one === undefined ? {} : { left: one }
    },
  )
  const { engine, options } = await engineWith(hands)
  const retries = { max: failures, minDelayMs: 1, maxDelayMs: 1 }
  await engine.submit(
    LOCAL,
    submission('r1', [item('a', { gates: Array.from({ length: gates }, () => GATE), retries })]),
  )
  await expect(engine.sealed('r1')).resolves.toBe('succeeded')
  await engine.stop()
  const { rows } = await options.projections.query('default', 'items', { run: 'r1' })
  return { log: await records(options), row: rows[0] }
}

describe('what a program left running', () => {
  it('is in the record of its end and in the row of its item, and changes no outcome', async () => {
    const { log, row } = await runWith([SOME], {})
    expect(only(log, 'attempt.ended')).toMatchObject([{ data: { outcome: 'succeeded', exit: { left: SOME } } }])
    expect(row).toMatchObject({ status: 'succeeded', reason: 'completed', left: SOME })
  })

  it('is in the records of its main step and of each gate; the row has that of the main step', async () => {
    const { log, row } = await runWith([SOME, NONE], { gates: 1 })
    expect(only(log, 'item.captured')).toMatchObject([{ data: { exit: { left: SOME } } }])
    expect(only(log, 'gate.ended')).toMatchObject([{ data: { exit: { left: NONE } } }])
    expect(row?.left).toEqual(SOME)
  })

  it('is that of the newest attempt', async () => {
    expect((await runWith([SOME, NONE], { failures: 1 })).row?.left).toBeUndefined()
    expect((await runWith([NONE, SOME], { failures: 1 })).row?.left).toEqual(SOME)
    expect((await runWith([SOME, undefined], { failures: 1 })).row?.left).toBeUndefined()
  })
})
