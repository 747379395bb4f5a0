import type { LeftProcesses } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { failing, fakeHands, runOne } from './harness.ts'
import { only } from './records.ts'

const SOME: LeftProcesses = { processes: 2, names: ['sh', 'sleep'] }
const NONE: LeftProcesses = { processes: 0, names: [] }

/** Runs one item whose launches end with what each is said to have left, in turn. */
function runWith(left: readonly (LeftProcesses | undefined)[], steps: { gates?: number; failures?: number }) {
  let ended = 0
  const hands = fakeHands(failing(steps.failures ?? 0), () => {
    const one = left[ended++]
    return one === undefined ? {} : { left: one }
  })
  return runOne(hands, steps)
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
