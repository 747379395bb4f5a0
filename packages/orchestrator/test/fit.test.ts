import type { Exit, OutputSummary } from '@seamark/core'
import { SUMMARY_BYTES } from '@seamark/kit'
import { jcsText } from '@seamark/log'
import { describe, expect, it } from 'vitest'
import { atMost, fitActivity, fitExit, fitSummaries } from '../src/fit.ts'

const exit: Exit = { reason: 'exited', code: 0, startedAt: 1, endedAt: 2, outputBytes: 3 }

describe('an end, made to fit a record', () => {
  it('is as it was where it fits', () => {
    const whole: Exit = { ...exit, left: { processes: 2, names: ['sleep', 'node'] }, detail: 'ENOENT' }
    expect(fitExit(whole)).toEqual(whole)
    expect(fitExit(exit)).toEqual(exit)
  })

  it('has few names, none of them empty, long or broken', () => {
    const names = ['', 'x'.repeat(1_000), 'a\uD800', 'd', 'e', 'f', 'g']
    expect(fitExit({ ...exit, left: { processes: 7, names } }).left).toEqual({
      processes: 7,
      names: ['unnamed', 'x'.repeat(200), 'a\uFFFD', 'd', 'e'],
    })
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 60])('says nothing of what was left where that is no count: %d', (processes) => {
    expect(fitExit({ ...exit, left: { processes, names: [] } })).toEqual(exit)
  })
})

describe('what an output says, made to fit a record', () => {
  const wild = '\u0001\u{1F600}'.repeat(500)
  const most = Number.MAX_SAFE_INTEGER
  const covered = { covered: most, total: most }
  const finding = { level: 'warning', rule: wild, place: wild } as const
  const summaries: readonly OutputSummary[] = [
    { kind: 'junit', tests: most, failures: most, errors: most, skipped: most, failing: Array(50).fill(wild) },
    { kind: 'sarif', errors: most, warnings: most, notes: most, suppressed: most, findings: Array(50).fill(finding) },
    { kind: 'coverage', lines: covered, branches: covered },
    ...(['junit', 'sarif', 'coverage'] as const).map((kind) => ({ kind, unreadable: wild })),
  ]

  it.each(summaries)('takes no more bytes than a plan counts for it: $kind', (summary) => {
    const [fitted] = fitSummaries([{ path: 'a', summary }])
    const bytes = Buffer.byteLength(jcsText(fitted?.summary))
    expect(bytes).toBeLessThanOrEqual(SUMMARY_BYTES[summary.kind])
    // None counts for twice as much as it can take.
    if (!('unreadable' in summary)) expect(bytes).toBeGreaterThan(SUMMARY_BYTES[summary.kind] / 2)
  })
})

describe('a text, made to fit a record', () => {
  it.each([
    ['plain', 'x'.repeat(300), 'x'.repeat(100)],
    ['of control characters', '\u0001'.repeat(300), '\u0001'.repeat(16)],
    ['with quotes', '"'.repeat(300), '"'.repeat(50)],
    ['of wide characters', '\u{1F600}'.repeat(300), '\u{1F600}'.repeat(25)],
    ['cut within a character', `${'x'.repeat(99)}\u{1F600}`, 'x'.repeat(99)],
  ])('has no more bytes of JSON than it may: one %s', (_, text, kept) => {
    expect(atMost(text, 100)).toBe(kept)
  })

  it('bounds all that an agent names', () => {
    const wild = '\u0001'.repeat(500)
    const activity = fitActivity({
      turns: 1,
      calls: 1,
      tools: Array.from({ length: 99 }, () => ({ tool: wild, calls: 2 ** 53 - 1 })),
      allowed: 1,
      denied: 1,
      nudges: 1,
      nudgedFor: Array.from({ length: 99 }, () => wild),
      usage: Array.from({ length: 99 }, () => ({ model: wild, inputTokens: 2 ** 53 - 1, outputTokens: 2 ** 53 - 1 })),
    })
    expect(Buffer.byteLength(JSON.stringify(activity))).toBeLessThan(7_500)
  })
})
