import type { OutputSummary } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { toldName } from '../conversation.ts'

/** What an output says, with its names as a record may have them: a secret that was written in character references is one. */
export function toldSummary(summary: OutputSummary, secrets: RedactionTable): OutputSummary {
  if ('failing' in summary) return { ...summary, failing: summary.failing.map((name) => toldName(name, secrets)) }
  if (!('findings' in summary)) return summary
  const findings = summary.findings.map(({ level, rule, place }) => ({
    level,
    ...(rule !== undefined && { rule: toldName(rule, secrets) }),
    ...(place !== undefined && { place: toldName(place, secrets) }),
  }))
  return { ...summary, findings }
}
