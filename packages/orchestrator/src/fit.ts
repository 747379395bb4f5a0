import type { AgentActivity, Covered, Exit, OutputSummary, SummarizedOutput } from '@seamark/core'
import { LIMITS } from '@seamark/log'

// What comes from programs and other packages is made to fit a record, so that no end can be refused by the log.

/** The text, cut to so many characters and to so many bytes of JSON, where a control character takes six. */
export function atMost(text: string, length: number, bytes: number = length): string {
  const short = text.slice(0, length).toWellFormed()
  if (jsonBytes(short) <= bytes) return short
  let kept = ''
  let room = bytes
  for (const character of short) {
    room -= jsonBytes(character)
    if (room < 0) break
    kept += character
  }
  return kept
}

/** What people read, as a record may have it. */
export function fitDetail(detail: string): string {
  return atMost(detail, 1_000, 3_000)
}

/** An end as a record may have it. A count that is none is as good as none: nothing is told of what was left then. */
export function fitExit({ detail, left, refusedWrites, ...exit }: Exit): Exit {
  return {
    ...exit,
    ...(detail !== undefined && { detail: fitDetail(detail) }),
    ...(left !== undefined &&
      Number.isSafeInteger(left.processes) &&
      left.processes >= 0 && {
        left: {
          processes: left.processes,
          names: left.names.slice(0, LIMITS.leftNames).map((name) => atMost(name, 200) || 'unnamed'),
        },
      }),
    ...(refusedWrites !== undefined &&
      Number.isSafeInteger(refusedWrites.count) &&
      refusedWrites.count > 0 && {
        refusedWrites: {
          count: refusedWrites.count,
          paths: refusedWrites.paths.slice(0, LIMITS.refusedPaths).map((path) => atMost(path, 200) || 'unnamed'),
        },
      }),
  }
}

/** What an agent did, as a record may have it. A number that is no count is 0. */
export function fitActivity(activity: AgentActivity): AgentActivity {
  const { turns, calls, tools, allowed, denied, nudges, nudgedFor, usage } = activity
  return {
    turns: fitCount(turns),
    calls: fitCount(calls),
    tools: tools
      .slice(0, LIMITS.activityTools)
      .map(({ tool, calls: of }) => ({ tool: fitName(tool), calls: fitCount(of) })),
    allowed: fitCount(allowed),
    denied: fitCount(denied),
    nudges: fitCount(nudges),
    nudgedFor: nudgedFor.slice(0, LIMITS.activityNudged).map(fitName),
    usage: usage.slice(0, LIMITS.activityModels + 1).map(({ model, inputTokens, outputTokens }) => ({
      model: fitName(model),
      inputTokens: fitCount(inputTokens),
      outputTokens: fitCount(outputTokens),
    })),
  }
}

/** What outputs say, as a record may have it. */
export function fitSummaries(summaries: readonly SummarizedOutput[]): readonly SummarizedOutput[] {
  return summaries
    .slice(0, LIMITS.outputsPerProduct)
    .map(({ path, summary }) => ({ path, summary: fitSummary(summary) }))
}

const NAME_BYTES = 160

function fitSummary(summary: OutputSummary): OutputSummary {
  const named = (text: string) => atMost(text, 140, NAME_BYTES) || 'unnamed'
  if ('unreadable' in summary) return { kind: summary.kind, unreadable: named(summary.unreadable) }
  switch (summary.kind) {
    case 'junit': {
      const { kind, tests, failures, errors, skipped, failing } = summary
      const sums = {
        tests: fitCount(tests),
        failures: fitCount(failures),
        errors: fitCount(errors),
        skipped: fitCount(skipped),
      }
      return { kind, ...sums, failing: failing.slice(0, LIMITS.summaryNames).map(named) }
    }
    case 'sarif': {
      const { kind, errors, warnings, notes, suppressed, findings } = summary
      const sums = {
        errors: fitCount(errors),
        warnings: fitCount(warnings),
        notes: fitCount(notes),
        suppressed: fitCount(suppressed),
      }
      const first = findings.slice(0, LIMITS.summaryNames).map(({ level, rule, place }) => ({
        level,
        ...(rule !== undefined && { rule: named(rule) }),
        ...(place !== undefined && { place: named(place) }),
      }))
      return { kind, ...sums, findings: first }
    }
    case 'coverage': {
      const { kind, lines, branches } = summary
      return { kind, lines: fitCovered(lines), ...(branches && { branches: fitCovered(branches) }) }
    }
  }
}

const fitCovered = ({ covered, total }: Covered): Covered => ({ covered: fitCount(covered), total: fitCount(total) })
const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2
const fitCount = (number: number): number => (Number.isSafeInteger(number) && number >= 0 ? number : 0)
const fitName = (name: string): string => atMost(name, 100) || 'unnamed'
