import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NOTHING_YET, roundsOf, withCall } from '../src/repeats.ts'
import type { Recent } from '../src/repeats.ts'

const [nudge, stop] = [3, 5]
/** After which calls one is nudged, and after which it is stopped. A call is a name, with what came of it behind a colon. */
function follow(calls: readonly string[]) {
  let recent: Recent = NOTHING_YET
  const nudged: number[] = []
  for (const [at, call] of calls.entries()) {
    const [name = '', result = ''] = call.split(':')
    recent = withCall(recent, name, result)
    if (roundsOf(recent, stop).rounds > 0) return { nudged, stopped: at + 1 }
    if (roundsOf(recent, nudge).isNow) nudged.push(at + 1)
  }
  return { nudged, stopped: undefined }
}
const times = (n: number, ...round: readonly string[]) => Array.from({ length: n }, () => round).flat()

describe('repeats', () => {
  it.each([
    ['one call', times(9, 'a:x'), [3], 5],
    ['a round of two', times(9, 'a:x', 'b:y'), [6], 10],
    ['a round of three', times(9, 'a:x', 'b:y', 'c:z'), [9], 15],
    ['a round of four', times(9, 'a', 'b', 'c', 'd'), [12], 20],
    ['a round that has a call twice', times(9, 'a:x', 'a:x', 'b:y'), [9], 15],
    ['a round, after something else', ['c', 'd', 'a', ...times(9, 'a:x', 'b:y')], [9], 13],
    ['one call that was denied in between', [...times(3, 'a:x'), 'a', 'a:x'], [3], 5],
    ['one call of which something else comes each time', Array.from({ length: 30 }, (_, n) => `a:${n}`), [15], 25],
  ])('of %s are noticed', (_, calls, nudged, stopped) => {
    expect(follow(calls)).toEqual({ nudged, stopped })
  })

  it.each([
    ['calls that go on', Array.from({ length: 100 }, (_, n) => `call ${n}:x`)],
    ['a wait for something that changes', Array.from({ length: 14 }, (_, n) => `a:${n}`)],
    ['a wait and a look at what changes', Array.from({ length: 100 }, (_, n) => ['sleep:', `look:${n}`]).flat()],
    ['edits and one test between them', Array.from({ length: 100 }, (_, n) => [`edit ${n}:ok`, 'test:red']).flat()],
    ['two rounds', times(2, 'a:x', 'b:y', 'c:z', 'd:w')],
    ['a round of five', times(20, 'a', 'b', 'c', 'd', 'e')],
  ])('are not of %s', (_, calls) => {
    expect(follow(calls)).toEqual({ nudged: [], stopped: undefined })
  })

  it('of any round are noticed once, wherever it begins, and then stopped', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const result = fc.constantFrom('x', 'y')
    const round = fc.array(fc.tuple(name, result), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(round, (calls) => {
        const list = calls.map((call) => call.join(':'))
        const { nudged, stopped } = follow(times(10, ...list))
        expect(nudged.length).toBeGreaterThan(0)
        expect(stopped).toBeLessThanOrEqual(stop * list.length)
      }),
    )
  })

  it('are kept in little space, whatever is called', () => {
    const recent = Array.from({ length: 10_000 }, (_, n) => `c${n % 7}`).reduce(
      (before, call) => withCall(before, call, ''),
      NOTHING_YET,
    )
    expect([recent.keys.length, recent.runs.length]).toEqual([4, 4])
  })
})
