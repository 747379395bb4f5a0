import type { CaseResult } from '../run-suite.ts'

const words = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' } as const

/** One row of the table; `width` is that of the longest id. */
export function row({ id, outcome, durationMs, reason }: CaseResult, width: number): string {
  const time = `${(durationMs / 1000).toFixed(2)} s`.padStart(9)
  const why = outcome === 'skipped' && reason !== undefined ? `  ${printable(reason).replaceAll('\n', ' ')}` : ''
  return `${words[outcome].padEnd(7)} ${id.padEnd(width)} ${time}${why}`
}

/** What is wrong with each case that failed, and how many there were of each kind. */
export function summary(results: readonly CaseResult[]): string {
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  const count = (outcome: CaseResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length
  const details = failed.map(
    ({ id, about, reason = '' }) =>
      `\n${id}\n  must hold: ${about}\n  but:       ${printable(reason).replaceAll('\n', '\n             ')}\n`,
  )
  return `${details.join('')}\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`
}

/** Text of the module under test without what a terminal would obey. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '\uFFFD')
}
