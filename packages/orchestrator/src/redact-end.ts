import type { Exit } from '@seamark/core'
import type { LaunchEnd } from './commands.ts'

/** The end of a launch with its words as a record may have them: they come from programs, hosts and other packages. */
export function redactEnd(end: LaunchEnd, redact: (text: string) => string): LaunchEnd {
  if (end.type === 'error') return { ...end, detail: redact(end.detail) }
  if (end.type !== 'report') return end
  const { exit, report } = end
  const { verdict } = report
  return {
    ...end,
    exit: redactExit(exit, redact),
    report:
      verdict.outcome === 'parked' || verdict.detail === undefined
        ? report
        : { ...report, verdict: { ...verdict, detail: redact(verdict.detail) } },
  }
}

function redactExit(exit: Exit, redact: (text: string) => string): Exit {
  const { detail, left } = exit
  return {
    ...exit,
    ...(detail !== undefined && { detail: redact(detail) }),
    ...(left !== undefined && { left: { ...left, names: left.names.map(redact) } }),
  }
}
