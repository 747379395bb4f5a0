import { createEngine } from '../../src/create-engine.ts'
import { simulate } from './simulate.ts'
const from = Number(process.argv[2]),
  n = Number(process.argv[3])
let bad = 0,
  steps = 0,
  crashes = 0,
  recs = 0
const t = performance.now()
for (let s = from; s < from + n; s++) {
  const o = await simulate(s, createEngine)
  steps += o.steps
  crashes += o.crashes
  recs += o.records
  if (o.violations.length > 0) {
    bad++
    if (bad < 6) console.log(s, o.steps, o.crashes, o.violations.slice(0, 5))
  }
}
console.log({ n, bad, steps, crashes, recs, ms: Math.round(performance.now() - t) })
process.exit(0)
