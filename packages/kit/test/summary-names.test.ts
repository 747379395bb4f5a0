import type { OutputSummary } from '@seamark/core'
import { expect, it } from 'vitest'
import { withSummaryNames } from '../src/index.ts'

const counts = { tests: 1, failures: 1, errors: 0, skipped: 0 }

it.each<[OutputSummary, OutputSummary]>([
  [
    { kind: 'junit', ...counts, failing: ['a', 'b'] },
    { kind: 'junit', ...counts, failing: ['A', 'B'] },
  ],
  [
    { kind: 'sarif', errors: 1, warnings: 1, notes: 0, suppressed: 0, findings: [{ level: 'error', rule: 'r', place: 'p:1' }, { level: 'warning' }] }, // prettier-ignore
    { kind: 'sarif', errors: 1, warnings: 1, notes: 0, suppressed: 0, findings: [{ level: 'error', rule: 'R', place: 'P:1' }, { level: 'warning' }] }, // prettier-ignore
  ],
  [
    { kind: 'coverage', lines: { covered: 1, total: 2 } },
    { kind: 'coverage', lines: { covered: 1, total: 2 } },
  ],
])('tells each name of a summary anew, and nothing else: %j', (summary, told) => {
  expect(withSummaryNames(summary, (name) => name.toUpperCase())).toEqual(told)
})
