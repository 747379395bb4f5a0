import type { AgentActivity, Exit } from '@seamark/core'
import { LIMITS } from '@seamark/log'

// What comes from programs and other packages is made to fit a record, so that no end can be refused by the log.

export function atMost(text: string, length: number): string {
  return text.slice(0, length).toWellFormed()
}

/** An end as a record may have it. A count that is none is as good as none: nothing is told of what was left then. */
export function fitExit({ detail, left, ...exit }: Exit): Exit {
  return {
    ...exit,
    ...(detail !== undefined && { detail: atMost(detail, 1_000) }),
    ...(left !== undefined &&
      Number.isSafeInteger(left.processes) &&
      left.processes >= 0 && {
        left: {
          processes: left.processes,
          names: left.names.slice(0, LIMITS.leftNames).map((name) => atMost(name, 200) || 'unnamed'),
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

const fitCount = (number: number): number => (Number.isSafeInteger(number) && number >= 0 ? number : 0)
const fitName = (name: string): string => atMost(name, 100) || 'unnamed'
