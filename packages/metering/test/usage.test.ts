import { expect, test } from 'vitest'
import { NO_TOKENS, usageSums } from '../src/index.ts'

test('usage is summed by item, run, agent and principal', () => {
  const sums = usageSums()
  const tokens = { ...NO_TOKENS, input: 10, output: 5, reasoning: 2 }
  const most = Number.MAX_SAFE_INTEGER
  sums.add({ run: 'r1', item: 'a', agent: 'docs', principal: 'p', tokens, nanoUsd: most })
  sums.add({ run: 'r1', item: 'a', agent: 'docs', principal: 'p', nanoUsd: most })
  sums.add({ run: 'r2', item: 'a', principal: 'q', tokens, nanoUsd: 7 })
  const money = 2n * BigInt(most)
  expect([...sums.by('item').keys()]).toEqual(['r1/a', 'r2/a'])
  expect(sums.by('item').get('r1/a')).toEqual({ calls: 2, reservedCalls: 1, tokens, nanoUsd: money })
  expect(sums.by('run').get('r2')).toEqual({ calls: 1, reservedCalls: 0, tokens, nanoUsd: 7n })
  expect([...sums.by('agent')]).toEqual([['docs', { calls: 2, reservedCalls: 1, tokens, nanoUsd: money }]])
  expect([...sums.by('principal').keys()]).toEqual(['p', 'q'])
})
