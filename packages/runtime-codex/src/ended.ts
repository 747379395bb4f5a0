import type { Json } from '@seamark/core'
import { failed, failureSaid, isObject } from '@seamark/runtime'
import type { Effect, Outcome } from '@seamark/runtime'
import type { CodexConversation } from './conversation.ts'
import type { Limits, Metered, Turn, TurnProblem } from './message.ts'

/** Threads whose sums are kept. */
const MOST_THREADS = 64

const REASONS: Readonly<Record<string, string>> = {
  contextWindowExceeded: 'context',
  usageLimitExceeded: 'rate-limit',
  rateLimitExceeded: 'rate-limit',
  serverOverloaded: 'rate-limit',
  flexUnavailable: 'rate-limit',
  unauthorized: 'login',
  cyberPolicy: 'refused',
  misalignmentPolicyViolation: 'refused',
}

const STATUSES: Readonly<Record<number, string>> = { 401: 'login', 404: 'model', 429: 'rate-limit', 503: 'rate-limit' }

/** How a turn came to its end, by the program's words for it. */
export function outcomeOf({ status, error }: Turn, { resetAt }: CodexConversation): Outcome {
  if (status === 'completed') return { completed: true, reason: 'completed' }
  if (status === 'interrupted') return failed('cancelled', error?.message)
  const outcome = error ? problemOf(error) : failed('agent-error', `The turn is ${status}.`)
  if (outcome.reason !== 'rate-limit' || resetAt === 0)
    // What is paid for is used up, and comes back by no waiting.
    return error?.codexErrorInfo === 'usageLimitExceeded' ? { ...outcome, reason: 'quota' } : outcome
  return { ...outcome, resetAt }
}

function problemOf({ message, codexErrorInfo: info }: TurnProblem): Outcome {
  const named = typeof info === 'string' && Object.hasOwn(REASONS, info) ? REASONS[info] : undefined
  const status = statusOf(info)
  const reason = named ?? (status === undefined ? undefined : STATUSES[status])
  return reason === undefined ? failureSaid(message, 'agent-error') : failed(reason, message)
}

/** What the provider answered, where the program passes it on. */
export function statusOf(info: Json | undefined): number | undefined {
  if (!isObject(info)) return undefined
  const [about] = Object.values(info)
  const status = isObject(about) ? about['httpStatusCode'] : undefined
  return typeof status === 'number' ? status : undefined
}

type Told = { readonly conversation: CodexConversation; readonly effects: readonly Effect[] }

/** Tokens of a thread since they were last told. Cached input is input. */
export function metered(before: CodexConversation, { threadId, tokenUsage: { total } }: Metered): Told {
  const [, inputBefore, outputBefore] = before.metered.find(([thread]) => thread === threadId) ?? ['', 0, 0]
  const inputTokens = Math.max(0, total.inputTokens - inputBefore)
  const outputTokens = Math.max(0, total.outputTokens - outputBefore)
  if (inputTokens + outputTokens === 0) return { conversation: before, effects: [] }
  const others = before.metered.filter(([thread]) => thread !== threadId).slice(-(MOST_THREADS - 1))
  const sum = [threadId, Math.max(inputBefore, total.inputTokens), Math.max(outputBefore, total.outputTokens)] as const
  return {
    conversation: { ...before, metered: [...others, sum] },
    effects: [{ event: { type: 'usage', model: before.model, inputTokens, outputTokens } }],
  }
}

/** The provider's limits, told where they changed by ten per cent. */
export function limited(
  earlier: CodexConversation,
  { primary, secondary, rateLimitReachedType: reached }: Limits,
): Told {
  const before = { ...earlier, resetAt: resetOf([primary, secondary]) }
  const used = [primary, secondary].flatMap((one) => (one ? [one.usedPercent] : []))
  const limits =
    `${used.map((percent) => Math.floor(percent / 10) * 10).join(' ')} ${(reached ?? '').slice(0, 100)}`.trim()
  if (limits === '' || limits === before.limits) return { conversation: before, effects: [] }
  const { resetAt } = before
  const told: Effect = {
    event: {
      type: 'rate-limit',
      reached: Boolean(reached) || used.some((percent) => percent >= 100),
      ...(used.length > 0 && { usedPercent: Math.max(...used) }),
      ...(resetAt > 0 && { resetAt }),
    },
  }
  return { conversation: { ...before, limits }, effects: [told] }
}

/** When the last of the limits that are reached is over. */
function resetOf(windows: readonly Limits['primary'][]): number {
  const resets = windows.flatMap((one) => (one && one.usedPercent >= 100 ? [(one.resetsAt ?? 0) * 1_000] : []))
  return Math.max(0, ...resets)
}
