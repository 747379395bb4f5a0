import { rmSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { createEngine } from '../src/index.ts'
import { MUTANTS, plant } from './simulation/mutants.ts'
import { simulate } from './simulation/simulate.ts'

const SCHEDULES = 2_000
const BATCH = 250
/** A planted bug has to show within this many schedules; each is found by at least five of them (`measure.ts`). */
const PATIENCE = 300

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

describe('planted bugs', () => {
  const folders: string[] = []
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

  for (const mutant of MUTANTS) {
    it(`finds that ${mutant.about}`, { timeout: 120_000 }, async () => {
      const { folder, createEngine: planted } = await plant(mutant)
      folders.push(folder)
      let found: readonly string[] = []
      for (let seed = 1; seed <= PATIENCE && found.length === 0; seed++)
        found = (await simulate(seed, planted)).violations
      expect(found).not.toEqual([])
    })
  }
})
