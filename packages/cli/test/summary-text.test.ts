import { describe, expect, it } from 'vitest'
import { summaryLines, summaryText } from '../src/summary-text.ts'

describe('what an output says, as text', () => {
  it('is harmless, and counts what it does not name', () => {
    const failing = ['one\u001B[2J', 'two']
    const summary = { kind: 'junit', tests: 9, failures: 4, errors: 1, skipped: 0, failing } as const
    const lines = summaryLines({ path: 'j\u001B.xml', summary })
    expect(lines).toHaveLength(4)
    expect(lines.join('')).not.toContain('\u001B')
    expect(lines.at(-1)).toContain('3')
  })

  it('says 100% of all lines only, and nothing of a share of none', () => {
    const lines = (covered: number, total: number) => summaryText({ kind: 'coverage', lines: { covered, total } })
    expect(lines(9_999, 10_000)).toContain('99.9%')
    expect(lines(10_000, 10_000)).toContain('100%')
    expect(lines(0, 0)).not.toContain('%')
  })
})
