import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { EngineOptions } from '../src/index.ts'
import { createEngine } from '../src/index.ts'
import type { Engine } from '../src/index.ts'
import { MUTANTS } from './simulation/mutants.ts'
import { simulate } from './simulation/simulate.ts'

const SCHEDULES = 2_000
const BATCH = 250
/** A planted bug has to show within this many schedules. */
const PATIENCE = 1_500

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
  // Beside `src`, so that the copies resolve what the source resolves.
  const folder = mkdtempSync(join(import.meta.dirname, '..', '.mutants-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  for (const [index, { about, file, find, replace }] of MUTANTS.entries()) {
    it(`finds that ${about}`, { timeout: 120_000 }, async () => {
      const copy = join(folder, String(index))
      cpSync(join(import.meta.dirname, '..', 'src'), copy, { recursive: true })
      const source = readFileSync(join(copy, file), 'utf8')
      expect(source.split(find)).toHaveLength(2)
      writeFileSync(join(copy, file), source.replace(find, replace))
      const mutant: { createEngine: (options: EngineOptions) => Engine } = await import(join(copy, 'index.ts'))
      let found: readonly string[] = []
      for (let seed = 1; seed <= PATIENCE && found.length === 0; seed++)
        found = (await simulate(seed, mutant.createEngine)).violations
      expect(found).not.toEqual([])
    })
  }
})
