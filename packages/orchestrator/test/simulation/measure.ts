// How many of the seeds FROM to FROM+COUNT-1 find each planted bug: measure.ts FROM COUNT [WORDS OF ITS DESCRIPTION]
import { rmSync } from 'node:fs'
import { MUTANTS, plant } from './mutants.ts'
import { simulate } from './simulate.ts'

const from = Number(process.argv[2])
const count = Number(process.argv[3])
const about = process.argv[4] ?? ''

for (const mutant of MUTANTS) {
  if (!mutant.about.includes(about)) continue
  const { folder, createEngine } = await plant(mutant)
  let found = 0
  let first: number | undefined
  const start = performance.now()
  for (let seed = from; seed < from + count; seed++) {
    const { violations } = await simulate(seed, createEngine)
    if (violations.length === 0) continue
    found++
    first ??= seed
  }
  rmSync(folder, { recursive: true })
  const ms = Math.round(performance.now() - start)
  console.log(`${String(found).padStart(5)} of ${count}, first ${first ?? '-'}, ${ms} ms: ${mutant.about}`)
}
// What a mutant left under way keeps nobody waiting.
process.exit(0)
