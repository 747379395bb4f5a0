import type { AgentActivity, AgentEvent } from '@seamark/core'
import { LIMITS } from '@seamark/log'

const NONE: AgentActivity = {
  turns: 0,
  calls: 0,
  tools: [],
  allowed: 0,
  denied: 0,
  nudges: 0,
  nudgedFor: [],
  usage: [],
}

/** The models after those that are told apart. */
const OTHERS = 'other'

const sum = (a: number, b: number): number => (Number.isSafeInteger(b) && b > 0 ? Math.min(a + b, 2 ** 53 - 1) : a)

/** What an agent did, with one more event; `undefined` as long as nothing is told that only agents do. */
export function withEvent(before: AgentActivity | undefined, event: AgentEvent): AgentActivity | undefined {
  const known = before ?? NONE
  switch (event.type) {
    case 'turn-begin':
      return { ...known, turns: sum(known.turns, 1) }
    case 'tool':
      return { ...known, calls: sum(known.calls, 1), tools: withCall(known.tools, event.kind ?? event.name) }
    case 'allowance':
      return { ...known, allowed: sum(known.allowed, 1) }
    case 'denial':
      return { ...known, denied: sum(known.denied, 1) }
    case 'nudge': {
      const { nudgedFor: tools } = known
      const isKnown = tools.includes(event.tool) || tools.length >= LIMITS.activityNudged
      return { ...known, nudges: sum(known.nudges, 1), nudgedFor: isKnown ? tools : [...tools, event.tool] }
    }
    case 'usage':
      return { ...known, usage: withUsage(known.usage, event) }
    default:
      return before
  }
}

function withCall(tools: AgentActivity['tools'], tool: string): AgentActivity['tools'] {
  if (tools.some((one) => one.tool === tool))
    return tools.map((one) => (one.tool === tool ? { tool, calls: sum(one.calls, 1) } : one))
  return tools.length < LIMITS.activityTools ? [...tools, { tool, calls: 1 }] : tools
}

function withUsage(
  usage: AgentActivity['usage'],
  { model: name, inputTokens, outputTokens }: AgentEvent & { readonly type: 'usage' },
): AgentActivity['usage'] {
  const isApart = usage.some(({ model }) => model === name) || usage.length < LIMITS.activityModels
  const model = isApart ? name : OTHERS
  const before = usage.find((one) => one.model === model)
  const after = {
    model,
    inputTokens: sum(before?.inputTokens ?? 0, inputTokens),
    outputTokens: sum(before?.outputTokens ?? 0, outputTokens),
  }
  return before === undefined ? [...usage, after] : usage.map((one) => (one === before ? after : one))
}
