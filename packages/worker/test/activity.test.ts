import type { AgentActivity, AgentEvent } from '@seamark/core'
import { checkData, LIMITS } from '@seamark/log'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withEvent } from '../src/activity.ts'

const after = (events: readonly AgentEvent[]) => events.reduce<AgentActivity | undefined>(withEvent, undefined)
const uses = (kind: string): AgentEvent => ({ type: 'tool', name: `${kind} something`, kind })
const used = (model: string, inputTokens: number, outputTokens = 1): AgentEvent => ({
  type: 'usage',
  model,
  inputTokens,
  outputTokens,
})

describe('what an agent did', () => {
  it('is summed up', () => {
    expect(
      after([
        { type: 'turn-begin' },
        uses('Bash'),
        uses('Read'),
        uses('Bash'),
        { type: 'tool', name: 'search' },
        { type: 'allowance', tool: 'Bash: ls', reason: 'listed' },
        { type: 'denial', tool: 'Bash: rm', reason: 'not-listed' },
        { type: 'nudge', tool: 'Bash: ls', calls: 10 },
        { type: 'turn-begin' },
        used('m', 5),
        used('n', 7),
        used('m', 11),
        { type: 'turn-end', completed: true, reason: 'completed' },
      ]),
    ).toEqual({
      turns: 2,
      calls: 4,
      tools: [
        { tool: 'Bash', calls: 2 },
        { tool: 'Read', calls: 1 },
        { tool: 'search', calls: 1 },
      ],
      allowed: 1,
      denied: 1,
      nudges: 1,
      nudgedFor: ['Bash: ls'],
      usage: [
        { model: 'm', inputTokens: 16, outputTokens: 2 },
        { model: 'n', inputTokens: 7, outputTokens: 1 },
      ],
    })
  })

  it('is nothing of a program that is no agent', () => {
    expect(
      after([
        { type: 'progress', text: 'x' },
        { type: 'turn-end', completed: true, reason: 'exited' },
      ]),
    ).toBe(undefined)
  })

  it('has few names, and loses no count, whatever a program says', () => {
    const names = Array.from({ length: 100 }, (_, n) => `n${n}`)
    const activity = after(
      names.flatMap((name) => [uses(name), used(name, 2), { type: 'nudge', tool: name, calls: 2 }]),
    )
    expect(activity?.tools).toHaveLength(LIMITS.activityTools)
    expect(activity?.nudgedFor).toHaveLength(LIMITS.activityNudged)
    expect(activity?.usage.map(({ model }) => model)).toEqual([...names.slice(0, LIMITS.activityModels), 'other'])
    expect([activity?.calls, activity?.nudges]).toEqual([100, 100])
    expect(activity?.usage.reduce((sum, { inputTokens }) => sum + inputTokens, 0)).toBe(200)
  })

  it('fits a record, for any numbers', () => {
    const number = fc.oneof(fc.integer(), fc.double(), fc.constant(Number.MAX_SAFE_INTEGER))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 50 }), number, number)), (list) => {
        const activity = after([{ type: 'turn-begin' }, ...list.map(([model, a, b]) => used(model, a, b))])
        const ended = { outcome: 'succeeded', reason: 'completed', activity }
        expect(checkData('attempt.ended', ended)).toBeUndefined()
      }),
    )
  })
})
