import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ANTHROPIC, BEDROCK, callOf, CONVERSE, converse, message, OPTIONS, sent, VERTEX } from './support.ts'

const INVOKE = [BEDROCK, '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke'] as const
const RAW = [
  VERTEX,
  '/v1/projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5:rawPredict',
] as const
const headers = { 'anthropic-beta': 'interleaved-thinking-2025-05-14' }
const most = OPTIONS.maxOutputTokens
const thinking = (budget_tokens: unknown) => ({ thinking: { type: 'enabled', budget_tokens } })

test.each([ANTHROPIC, INVOKE, RAW])('thinking beyond the longest answer has no bound: %s', (host, path) => {
  const body = { ...message, anthropic_version: 'bedrock-2023-05-31', max_tokens: 1024 }
  for (const budget of [1024, 190_000, '190000', 1.5, -1, 1e300, {}, [190_000]]) {
    const { unbounded, changes } = callOf(host, path, { ...body, ...thinking(budget) }, { headers })
    expect([unbounded, changes]).toEqual([['/thinking/budget_tokens'], []])
  }
  for (const budget of [1023, null]) expect(callOf(host, path, { ...body, ...thinking(budget) }).unbounded).toEqual([])
})

test('thinking within an answer that is lowered is lowered with it', () => {
  for (const [max_tokens, budget] of [
    [64_000, 63_999],
    [64_000, most],
  ] as const) {
    const call = callOf(...ANTHROPIC, { ...message, max_tokens, ...thinking(budget) })
    expect(sent(call)).toMatchObject({ max_tokens: most, ...thinking(most - 1) })
    expect([call.unbounded, call.maxOutputTokens]).toEqual([[], most])
    expect(call.changes.map(({ pointer, from }) => [pointer, from])).toEqual([
      ['/max_tokens', max_tokens],
      ['/thinking/budget_tokens', budget],
    ])
  }
  expect(sent(callOf(...ANTHROPIC, { ...message, max_tokens: 64_000, ...thinking(most - 1) }))).toMatchObject(
    thinking(most - 1),
  )
})

test('thinking of a model behind Converse has no bound where it is no less than the longest answer, also one that is lowered', () => {
  for (const name of ['thinking', 'reasoning_config'])
    for (const [maxTokens, budget_tokens, found] of [
      [1024, 1023, false],
      [1024, 190_000, true],
      [64_000, 63_999, true],
      [undefined, most, true],
      [undefined, most - 1, false],
    ] as const) {
      const fields = { inferenceConfig: { maxTokens }, additionalModelRequestFields: { [name]: { budget_tokens } } }
      expect(callOf(...CONVERSE, { ...converse, ...fields }).unbounded).toEqual(
        found ? [`/additionalModelRequestFields/${name}/budget_tokens`] : [],
      )
    }
})

test('what goes out never thinks more than was reserved', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 0, max: 200_000 }), (max_tokens, budget) => {
      const call = callOf(...ANTHROPIC, { ...message, max_tokens, ...thinking(budget) }, { headers })
      const { thinking: out } = sent(call) as { thinking: { budget_tokens: number } }
      expect(call.unbounded.length > 0 || out.budget_tokens < call.maxOutputTokens).toBe(true)
    }),
  )
})
