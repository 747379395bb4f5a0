import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heap } from '../src/heap.ts'

const step = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -50, max: 50 }).map((push) => ({ push })) },
  { weight: 3, arbitrary: fc.constant({ pop: true }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }).map((keep) => ({ keep })) },
)

describe('the heap', () => {
  it('gives what a sorted list gives', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const tested = heap<number>((a, b) => a < b)
        let model: number[] = []
        for (const each of steps) {
          if ('push' in each) {
            tested.push(each.push)
            model.push(each.push)
          } else if ('keep' in each) {
            tested.keep((value) => value % each.keep === 0)
            model = model.filter((value) => value % each.keep === 0)
          } else {
            model.sort((a, b) => a - b)
            expect(tested.pop()).toBe(model.shift())
          }
          expect(tested.size).toBe(model.length)
          expect(tested.peek()).toBe(model.length === 0 ? undefined : Math.min(...model))
        }
      }),
      { numRuns: 300 },
    )
  })
})
