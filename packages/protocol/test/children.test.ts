import type { ItemSpec } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { childItems } from '../src/index.ts'
import { accepted, items } from './deployment.ts'

function bare(id: string): ItemSpec {
  const [item] = accepted(items(`  - { id: ${id}, run: 'true' }`)).items
  if (item === undefined) throw new Error('The plan has no item.')
  return item
}

const retries = (max: number) => ({ max, minDelayMs: 1, maxDelayMs: 1 })
const gate = (timeoutMs: number) => ({ run: 'true', protect: [], timeoutMs })
const parent: ItemSpec = {
  ...bare('p'),
  agent: 'mine',
  timeoutMs: 60_000,
  retries: retries(2),
  children: { max: 5, depth: 2, end: 'cancel' },
}

/** `CODE pointer` of every problem of a child beside one that has as much as its parent. */
function problems(more: Partial<ItemSpec>): readonly string[] {
  const { agent, timeoutMs, retries: same } = parent
  const most = { ...bare('m'), timeoutMs, retries: same, gates: [gate(60_000)], ...(agent && { agent }) }
  const read = childItems([most, { ...bare('c'), timeoutMs, ...more }], parent, 3)
  if (!read.ok) return read.problems.map(({ code, place }) => `${code} ${place?.pointer}`)
  expect(read.items.map(({ id }) => id)).toEqual(['p-3-m', 'p-3-c'])
  return []
}

describe('a child', () => {
  it('may have as much as its parent, and no agent', () => {
    expect(problems({})).toEqual([])
    expect(problems({ children: { max: 5, depth: 1, end: 'finish' } })).toEqual([])
  })

  it.each<[Partial<ItemSpec>, readonly string[]]>([
    [{ agent: 'other' }, ['FORBIDDEN /items/1/agent']],
    [{ timeoutMs: 60_001 }, ['LIMIT_EXCEEDED /items/1/timeout']],
    [{ gates: [gate(1), gate(60_001)] }, ['LIMIT_EXCEEDED /items/1/gates/1/timeout']],
    [{ timeoutMs: 70_000, gates: [gate(70_000)] }, ['LIMIT_EXCEEDED /items/1/timeout']],
    [{ retries: retries(3) }, ['LIMIT_EXCEEDED /items/1/retries/max']],
    [{ retries: { max: 1, minDelayMs: 60_001, maxDelayMs: 70_000 } }, ['LIMIT_EXCEEDED /items/1/retries/minDelay']],
    [{ retries: { max: 1, minDelayMs: 60_000, maxDelayMs: 70_000 } }, []],
    [{ retries: { max: 0, minDelayMs: 60_001, maxDelayMs: 70_000 } }, []],
    [{ children: { max: 6, depth: 2, end: 'cancel' } }, ['LIMIT_EXCEEDED /items/1/children/depth', 'LIMIT_EXCEEDED /items/1/children/max']], // prettier-ignore
  ])('is told everything that is wider: %j', (more, faults) => {
    expect(problems(more)).toEqual(faults)
  })
})
