import { parsePlan } from '@seamark/protocol'
import { afterAll, describe, expect, it } from 'vitest'
import { viewPlan } from '../src/plan-view.ts'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

const deployment = { queues: ['default'], executors: [{ name: 'sandbox' }], runtimes: ['command'] }
function view(items: readonly object[], svg = false) {
  const parsed = parsePlan(JSON.stringify({ version: 1, items }), { deployment })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const shown = viewPlan(parsed.plan, { svg })
  return { ...shown, ids: shown.steps.map((step) => step.map((at) => shown.items[at]?.item)) }
}
const item = (id: string, more: object = {}) => ({ id, run: 'true', ...more })

describe('the graph of a plan', () => {
  it('has in one step what neither needs nor locks keep apart', () => {
    const { ids, longest } = view([
      item('a', { locks: ['src/**'] }),
      item('b', { locks: ['src/lib/x.ts'] }),
      item('c', { locks: ['src-of-others'] }),
      item('d', { needs: ['a'] }),
      item('e', { needs: { d: { from: 'd' }, c: { from: 'c' } } }),
      item('f', { locks: ['name:deploy'] }),
      item('g', { locks: ['name:deploy'] }),
    ])
    expect(ids).toEqual([['a', 'c', 'f'], ['b', 'd', 'g'], ['e']])
    expect(longest).toEqual([0, 3, 4])
  })

  it('never has two items at once of which one needs the other, and has each item once', () => {
    const items = Array.from({ length: 300 }, (_, at) =>
      item(`i${at}`, {
        needs: [at - 7, at - 31].filter((need) => need >= 0 && at % 5 !== 0).map((need) => `i${need}`),
        locks: [`p${at % 4}/${at % 3}`, ...(at % 11 === 0 ? ['p1/**'] : [])],
      }),
    )
    const shown = view(items)
    const stepOf = new Map(shown.steps.flatMap((step, at) => step.map((index) => [index, at] as const)))
    expect(shown.steps.flat().toSorted((a, b) => a - b)).toEqual(items.map((_, at) => at))
    const index = new Map(shown.items.map(({ item: id }, at) => [id, at]))
    for (const [at, { needs }] of shown.items.entries())
      for (const need of needs) expect(stepOf.get(index.get(need) ?? -1)).toBeLessThan(stepOf.get(at) ?? -1)
    for (const step of shown.steps) {
      const locks = step.map((at) => shown.items[at]?.locks ?? [])
      for (const [first, mine] of locks.entries())
        for (const theirs of locks.slice(first + 1))
          for (const lock of mine) {
            expect(theirs).not.toContain(lock)
            if (lock === 'p1/**') for (const other of theirs) expect(other.startsWith('p1/')).toBe(false)
          }
    }
  })

  it('of 10,000 items in one chain is made at once', () => {
    const shown = view(
      Array.from({ length: 10_000 }, (_, at) => item(`i${at}`, at > 0 ? { needs: [`i${at - 1}`] } : {})),
    )
    expect(shown.steps).toHaveLength(10_000)
    expect(shown.longest).toHaveLength(10_000)
  })

  it('is a picture of its own, with locks as text and nothing that is loaded', () => {
    const { svg = '' } = view([item('a', { locks: ['a<b&"c"'] }), item('b', { needs: ['a'] })], true)
    expect(svg).toMatch(/^<svg\s+xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    expect(svg).toContain('a&lt;b&amp;&quot;c&quot;')
    expect(svg.match(/class="longest"/g)).toHaveLength(2)
    expect(svg).not.toMatch(/<script|href=|url\(|@import/)
    const many = Array.from({ length: 5_001 }, (_, at) => item(`i${at}`))
    expect(() => view(many, true)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })
})

it('draws what could run at once in one column, and the locks that keep the rest apart', () => {
  const { svg = '' } = view([item('a', { locks: ['src/**'] }), item('b', { locks: ['src/b'] }), item('c')], true)
  const shown = [...svg.matchAll(/<rect[^>]* x="(\d+)"[\s\S]*?>(\w)<\/text/g)].map(
    ([, x, id]) => [id, Number(x)] as const,
  )
  const column = new Map(shown)
  expect(column.get('a')).toBe(column.get('c'))
  expect(column.get('b')).toBeGreaterThan(column.get('a') ?? Infinity)
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text/g)].map(([, text]) => text)
  expect(texts).toEqual(expect.arrayContaining(['step 1, 2 items', 'step 2, 1 item', 'locks src/**', 'locks src/b']))
})

describe('seamark plan show', () => {
  it('shows it, draws it, and refuses what validate refuses', async () => {
    here.write('plan.yaml', 'version: 1\nitems:\n  - { id: a, run: x, executor: process }\n')
    const { code, out } = await here.seamark('plan', 'show', 'plan.yaml', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ items: [{ item: 'a', executor: 'process' }], steps: [[0]], longest: [0] })
    expect((await here.seamark('plan', 'show', 'plan.yaml', '-o', '-')).out).toMatch(/^<svg/)
    here.write('bad.yaml', 'version: 1\nitems:\n  - { id: a, run: x, executor: process, needs: [a] }\n')
    expect(await here.seamark('plan', 'show', 'bad.yaml')).toMatchObject({ code: 2, out: '' })
  })
})
