import { rmSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { MUTANTS, plant } from './simulation/mutants.ts'
import { simulate } from './simulation/simulate.ts'

/** A planted bug has to show within this many schedules; each is found by at least five of them (`measure.ts`). */
const PATIENCE = 300

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
