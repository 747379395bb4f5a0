import type { AgentInstruction } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../src/index.ts'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'
import { only } from './records.ts'

const TOLD: readonly AgentInstruction[] = Array.from({ length: 33 }, (_, n) => ({
  path: `skills/${String(n).padStart(180, '0')}/SKILL.md`,
  sha256: 'c'.repeat(64),
}))

/** An item whose inputs alone just fit the record of its launch: a control character takes six bytes there. */
const needs = Array.from({ length: 40 }, (_, n) => ({
  name: `${n}`.padEnd(200, '\u0001'),
  from: 0,
  select: 'patch' as const,
}))
const plan = submission('r1', [item('a'), item('b', { needs })])

describe('what a runtime tells every agent', () => {
  it('is counted against the record of a launch when a plan is submitted', async () => {
    const { engine } = await engineWith(fakeHands(), { instructionsOf: () => TOLD })
    await expect(engine.submit(LOCAL, plan)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      problems: [{ code: 'INVALID_INPUT', place: { pointer: '/items/1/needs' } }],
    })
    await engine.submit(LOCAL, { ...plan, items: [item('a'), item('b', { needs: needs.slice(1, 30) })] })
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
  })

  it('fails only the item whose launch it has become too much for, also over restarts', async () => {
    const hands = fakeHands(({ run, item: spec }) =>
      run === 'r1' && spec?.id === 'a' ? 'hold' : { outcome: 'succeeded', reason: 'completed' },
    )
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, plan)
    await expect.poll(() => hands.running().length).toBe(1)
    await engine.stop()

    const more = createEngine({ ...options, instructionsOf: () => TOLD })
    await more.start()
    for (const launchId of hands.running()) hands.exit(launchId)
    await expect(more.sealed('r1')).resolves.toBe('failed')
    await more.submit(LOCAL, submission('r2', [item('a')]))
    await expect(more.sealed('r2')).resolves.toBe('succeeded')
    await more.stop()

    const again = createEngine({ ...options, instructionsOf: () => TOLD })
    await again.start()
    await again.submit(LOCAL, submission('r3', [item('a')]))
    await expect(again.sealed('r3')).resolves.toBe('succeeded')
    await again.stop()
    const log = await records(options)
    expect(only(log, 'item.settled').map(({ run, item: id, data }) => [run, id, data.outcome, data.reason])).toEqual([
      ['r1', 'a', 'succeeded', 'completed'],
      ['r1', 'b', 'failed', 'launch-too-large'],
      ['r2', 'a', 'succeeded', 'completed'],
      ['r3', 'a', 'succeeded', 'completed'],
    ])
    expect(only(log, 'item.launched').at(-1)?.data.instructions).toEqual(TOLD)
  })
})
