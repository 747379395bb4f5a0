import type { OutputSummary } from '@seamark/core'

/** What an output says with each name in it as `tell` has it; all of them come from whoever wrote the output. */
export function withSummaryNames(summary: OutputSummary, tell: (name: string) => string): OutputSummary {
  if ('failing' in summary) return { ...summary, failing: summary.failing.map((name) => tell(name)) }
  if (!('findings' in summary)) return summary
  const findings = summary.findings.map(({ level, rule, place }) => ({
    level,
    ...(rule !== undefined && { rule: tell(rule) }),
    ...(place !== undefined && { place: tell(place) }),
  }))
  return { ...summary, findings }
}
