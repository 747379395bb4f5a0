import type { PlanView } from '@seamark/protocol'
import { describe, expect, it } from 'vitest'
import { planText } from '../src/plan-text.ts'
import { style } from '../src/style.ts'

const item = (id: string, needs: string[] = [], locks: string[] = []) => ({
  item: id,
  needs,
  locks,
  queue: 'default',
  executor: 'sandbox',
})
const view: PlanView = {
  plan: '0'.repeat(64),
  name: 'a name that is much longer than twenty columns are',
  items: [item('first', [], ['src/\u202Elib/**']), item('second', ['first']), item('third')],
  steps: [[0, 2], [1]],
  longest: [0, 1],
}

describe('the graph of a plan as text', () => {
  it('has every item below its step, and marks the longest path', () => {
    const lines = [...planText(view, style(false), Infinity)]
    const at = (text: string) => lines.findIndex((line) => line.includes(text))
    expect(at('step 1')).toBeLessThan(at('● first'))
    expect(at('○ third')).toBeLessThan(at('step 2'))
    expect(at('step 2')).toBeLessThan(at('● second'))
    expect(lines.join('\n')).toContain('first → second')
    expect(lines.join('\n')).not.toContain('\u202E')
  })

  it('is no wider than the terminal', () => {
    for (const columns of [20, 33, 80])
      for (const line of planText(view, style(false), columns)) expect(line.length).toBeLessThanOrEqual(columns)
  })
})
