import type { AgentActivity, Exit, StepVerdict } from '@seamark/core'
import { withSummaryNames } from '@seamark/kit'
import type { LaunchEnd } from './commands.ts'

/** The end of a launch with its words as a record may have them: they come from programs, hosts and other packages. */
export function redactEnd(end: LaunchEnd, redact: (text: string) => string): LaunchEnd {
  if (end.type === 'error') return { ...end, detail: redact(end.detail) }
  if (end.type === 'refused' && end.detail !== undefined) return { ...end, detail: redact(end.detail) }
  if (end.type !== 'report') return end
  const { exit, report } = end
  const { verdict, activity, summaries } = report
  return {
    ...end,
    exit: redactExit(exit, redact),
    report: {
      ...report,
      verdict: redactVerdict(verdict, redact),
      ...(activity && { activity: redactActivity(activity, redact) }),
      ...(summaries && {
        summaries: summaries.map(({ path, summary }) => ({ path, summary: withSummaryNames(summary, redact) })),
      }),
    },
  }
}

function redactActivity(activity: AgentActivity, redact: (text: string) => string): AgentActivity {
  const { tools, nudgedFor, usage } = activity
  return {
    ...activity,
    tools: tools.map(({ tool, calls }) => ({ tool: redact(tool), calls })),
    nudgedFor: nudgedFor.map(redact),
    usage: usage.map(({ model, ...tokens }) => ({ model: redact(model), ...tokens })),
  }
}

function redactVerdict(verdict: StepVerdict, redact: (text: string) => string): StepVerdict {
  if (verdict.outcome !== 'parked')
    return verdict.detail === undefined ? verdict : { ...verdict, detail: redact(verdict.detail) }
  const { question } = verdict
  return question === undefined ? verdict : { ...verdict, question: { id: question.id, text: redact(question.text) } }
}

function redactExit(exit: Exit, redact: (text: string) => string): Exit {
  const { detail, left, refusedWrites } = exit
  return {
    ...exit,
    ...(detail !== undefined && { detail: redact(detail) }),
    ...(left !== undefined && { left: { ...left, names: left.names.map(redact) } }),
    ...(refusedWrites !== undefined && {
      refusedWrites: { ...refusedWrites, paths: refusedWrites.paths.map(redact) },
    }),
  }
}
