import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import type { DurableRates } from '../measures/append-durably.ts'
import type { Rates } from '../measures/append-in-memory.ts'

/** Records appended with hashing, and the reads that a proof needs. */
export async function measure(scale: Scale): Promise<Line[]> {
  const count = scale === 'quick' ? 200_000 : 1_000_000
  const input = { records: count }
  const name = `${count.toLocaleString('en-US')} records appended with hashing`
  const inMemory = await inChild<Rates>(import.meta.resolve('../measures/append-in-memory.ts'), input)
  const durable = await inChild<DurableRates>(import.meta.resolve('../measures/append-durably.ts'), input)
  return [
    {
      what: `${name}, in memory`,
      measured: { value: inMemory.value.perSecond, unit: 'records/s' },
      baseline: { value: inMemory.value.barePerSecond, unit: 'SHA-256/s' },
      against: 'SHA-256 of a header, with nothing else',
      ratio: inMemory.value.ratio,
      bounds: [{ kind: 'time', on: 'measured', is: '≥', limit: 100_000 }],
      note: `at most ${Math.round(inMemory.peakBytes / 1e6)} MB`,
    },
    {
      what: `${name}, through the journal in commits of 500`,
      measured: { value: durable.value.perSecond, unit: 'records/s' },
      baseline: { value: durable.value.barePerSecond, unit: 'records/s' },
      against: 'bare SQLite writing the same rows in the same commits',
      ratio: durable.value.ratio,
      bounds: [{ kind: 'time', on: 'measured', is: '≥', limit: 50_000 }],
      note: `at most ${Math.round(durable.peakBytes / 1e6)} MB`,
    },
    ...durable.value.proofReads.map(({ size, most }): Line => {
      const levels = Math.ceil(Math.log2(size))
      return {
        what: `proof of any of ${size.toLocaleString('en-US')} records`,
        measured: { value: most, unit: 'reads' },
        baseline: { value: levels, unit: 'levels' },
        against: 'the height of the tree',
        // A sibling at the right edge is made of several complete subtrees, in all of one for each level.
        bounds: [{ kind: 'count', on: 'ratio', is: '≤', limit: 2 }],
      }
    }),
  ]
}
