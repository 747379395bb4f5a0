import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bound, Line } from '../src/line.ts'
import { judge } from '../src/verdict.ts'
import type { Conditions } from '../src/verdict.ts'

const quiet: Conditions = { scale: 'full', commits: { before: 20_000, after: 15_000 } }
const busy: Conditions = { scale: 'full', commits: { before: 20_000, after: 14_999 } }
const quick: Conditions = { ...quiet, scale: 'quick' }

const line = (value: number, bound: Bound): Line => ({
  what: 'x',
  measured: { value, unit: 'ms' },
  baseline: { value: 10, unit: 'ms' },
  bounds: [bound],
})

describe('judge', () => {
  it('judges ratios and counts anywhere', () => {
    for (const kind of ['ratio', 'count'] as const) {
      const bound: Bound = { kind, on: 'ratio', is: '≤', limit: 1.6 }
      for (const conditions of [quiet, busy, quick]) {
        expect(judge(line(16, bound), conditions)).toEqual({ status: 'ok' })
        expect(judge(line(16.1, bound), conditions)).toEqual({ status: 'over' })
      }
    }
  })

  it('takes a time over its bound for one only on a quiet machine, and judges neither it nor memory at a small scale', () => {
    const time: Bound = { kind: 'time', on: 'measured', is: '<', limit: 5 }
    expect(judge(line(4, time), quiet).status).toBe('ok')
    expect(judge(line(5, time), quiet).status).toBe('over')
    expect(judge(line(4, time), busy).status).toBe('ok')
    expect(judge(line(5, time), busy).status).toBe('not judged')
    expect(judge(line(4, time), quick).status).toBe('not judged')
    const size: Bound = { ...time, kind: 'size' }
    expect(judge(line(5, size), busy).status).toBe('over')
    expect(judge(line(5, size), quick).status).toBe('not judged')
  })

  it('takes a ratio that was measured pair by pair before the quotient', () => {
    const bound: Bound = { kind: 'ratio', on: 'ratio', is: '≥', limit: 0.5 }
    expect(judge({ ...line(1, bound), ratio: 0.6 }, quiet).status).toBe('ok')
    expect(judge({ ...line(9, bound), ratio: 0.4 }, quiet).status).toBe('over')
  })

  it('never finds good what was not measured', () => {
    const bounds: readonly Bound[] = [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1 }]
    expect(judge({ what: 'x', bounds }, quiet).status).toBe('over')
    expect(judge({ what: 'x', failed: 'it broke' }, quiet).status).toBe('over')
    expect(judge({ what: 'x', skipped: 'no sandbox', bounds }, quiet).status).toBe('not judged')
  })

  it('is over exactly where one judged bound does not hold', () => {
    const bound = fc.record({
      kind: fc.constantFrom('ratio' as const, 'time' as const, 'size' as const, 'count' as const),
      on: fc.constant('measured' as const),
      is: fc.constantFrom('≤' as const, '≥' as const),
      limit: fc.integer({ min: 0, max: 10 }),
    })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 }), fc.array(bound, { minLength: 1, maxLength: 4 }), (value, bounds) => {
        const judged = bounds.filter(({ kind }) => kind !== 'time')
        const holds = judged.every(({ is, limit }) => (is === '≤' ? value <= limit : value >= limit))
        const { status } = judge({ what: 'x', measured: { value, unit: 's' }, bounds }, busy)
        expect(status === 'over').toBe(!holds)
        const all = bounds.every(({ is, limit }) => (is === '≤' ? value <= limit : value >= limit))
        expect(status === 'ok').toBe(all)
      }),
    )
  })
})
