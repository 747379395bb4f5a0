import { describe, expect, it } from 'vitest'
import { createEngine } from '../src/index.ts'
import { simulate } from './simulation/simulate.ts'

const SCHEDULES = 2_000
const BATCH = 250

describe('simulation', () => {
  for (let from = 1; from <= SCHEDULES; from += BATCH) {
    it(`holds every invariant in schedules ${from} to ${from + BATCH - 1}`, { timeout: 120_000 }, async () => {
      for (let seed = from; seed < from + BATCH; seed++) {
        const { violations } = await simulate(seed, createEngine)
        expect({ seed, violations }).toEqual({ seed, violations: [] })
      }
    })
  }

  it('replays a seed exactly', async () => {
    for (const seed of [1, 42, 4711])
      expect(await simulate(seed, createEngine)).toEqual(await simulate(seed, createEngine))
  })
})
