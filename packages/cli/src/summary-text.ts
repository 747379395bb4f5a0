import type { Covered, OutputSummary, SummarizedOutput } from '@seamark/core'
import { harmless } from './style.ts'
import { counted } from './words.ts'

const number = (n: number): string => n.toLocaleString('en')

/** What an output says, in few words: `12 tests, 1 failed`, `2 errors, 1 warning`, `87.5% of lines covered`. */
export function summaryText(summary: OutputSummary): string {
  if ('unreadable' in summary) return `${summary.kind} not readable`
  switch (summary.kind) {
    case 'junit': {
      const { tests, failures, errors, skipped } = summary
      return [
        counted(tests, 'test'),
        ...(failures > 0 ? [`${number(failures)} failed`] : []),
        ...(errors > 0 ? [`${number(errors)} with an error`] : []),
        ...(skipped > 0 ? [`${number(skipped)} skipped`] : []),
      ].join(', ')
    }
    case 'sarif': {
      const { errors, warnings, notes, suppressed } = summary
      const found = [
        ...(errors > 0 ? [counted(errors, 'error')] : []),
        ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
        ...(notes > 0 ? [counted(notes, 'note')] : []),
        ...(suppressed > 0 ? [`${number(suppressed)} suppressed`] : []),
      ]
      return found.length === 0 ? 'no findings' : found.join(', ')
    }
    case 'coverage':
      return summary.lines.total === 0 ? 'no lines' : `${share(summary.lines)} of lines covered`
  }
}

/** The same with its path, and a line for each name that it has. */
export function summaryLines({ path, summary }: SummarizedOutput): readonly string[] {
  const said = 'unreadable' in summary ? harmless(summary.unreadable) : summaryText(summary)
  const branches =
    'branches' in summary && summary.branches !== undefined && summary.branches.total > 0
      ? `, ${share(summary.branches)} of branches`
      : ''
  const counts = 'lines' in summary ? ` (${number(summary.lines.covered)} of ${number(summary.lines.total)})` : ''
  return [
    `  ${'unreadable' in summary ? 'unread  ' : summary.kind.padEnd(8)}  ${harmless(path)}: ${said}${counts}${branches}`,
  ].concat(names(summary).map((name) => `            ${harmless(name)}`))
}

function names(summary: OutputSummary): readonly string[] {
  if ('failing' in summary) return more(summary.failing, summary.failures + summary.errors)
  if (!('findings' in summary)) return []
  const { findings, errors, warnings, notes } = summary
  const lines = findings.map(({ level, rule, place }) =>
    [level, ...(rule === undefined ? [] : [rule]), ...(place === undefined ? [] : [place])].join(' '),
  )
  return more(lines, errors + warnings + notes)
}

function more(shown: readonly string[], all: number): readonly string[] {
  return all > shown.length ? [...shown, `and ${number(all - shown.length)} more`] : shown
}

/** Rounded down, so that only all of it is 100%. */
function share({ covered, total }: Covered): string {
  return `${Math.floor((covered / total) * 1_000) / 10}%`
}
