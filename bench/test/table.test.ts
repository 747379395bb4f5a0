import { describe, expect, it } from 'vitest'
import { jsonDocument, markdownPage, textTable } from '../src/table.ts'
import type { Findings } from '../src/table.ts'

const findings: Findings = {
  machine: { cpu: 'A CPU', cores: 2, memoryGiB: 24, system: 'linux 6 x64', node: '24.0.0' },
  conditions: { scale: 'full', commits: { before: 20_000, after: 9_000 } },
  lines: [
    {
      what: 'git workspace',
      measured: { value: 131.4, unit: 'ms' },
      baseline: { value: 100, unit: 'ms' },
      against: '`git clone`',
      bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1.3 }],
    },
    {
      what: 'start',
      measured: { value: 1.5, unit: 's' },
      bounds: [{ kind: 'time', on: 'measured', is: '≤', limit: 1 }],
    },
    { what: 'attempt', skipped: 'Bubblewrap is not installed.' },
  ],
}

describe('the table', () => {
  it('has one row for each line', () => {
    const rows = textTable(findings)
      .split('\n')
      .map((line) => line.split(/ {2,}/))
    expect(rows).toContainEqual(['git workspace', '131 ms', '100 ms', '1.31', '≤ 1.3 ×', 'over'])
    expect(rows.find(([what]) => what === 'start')?.at(-1)).toBe('not judged: the machine is busy (C = 9,000)')
    expect(rows.find(([what]) => what === 'attempt')?.at(-1)).toBe('not judged: Bubblewrap is not installed.')
  })

  it('is published with its day, in columns of one width', () => {
    const page = markdownPage(findings, '2026-03-01').split('\n')
    const rows = page.filter((line) => line.startsWith('|'))
    expect(rows).toHaveLength(2 + findings.lines.length)
    expect(new Set(rows.map((row) => row.length)).size).toBe(1)
    expect(page.some((line) => line.includes('2026-03-01'))).toBe(true)
  })

  it('gives programs the numbers as they are', () => {
    expect(jsonDocument(findings)).toMatchObject({
      version: 1,
      commits: { after: 9_000 },
      lines: [
        { measured: { value: 131.4 }, ratio: 1.314, verdict: { status: 'over' } },
        { verdict: { status: 'not judged' } },
        { skipped: 'Bubblewrap is not installed.' },
      ],
    })
  })
})
