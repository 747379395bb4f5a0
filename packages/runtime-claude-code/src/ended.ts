import { failed, failureSaid, progress } from '@seamark/runtime'
import type { Effect, Outcome } from '@seamark/runtime'
import type { ClaudeConversation } from './conversation.ts'
import type { Ended } from './message.ts'

/** Models whose sums are kept. */
const MOST_MODELS = 32

/** The word of the program for a turn that was interrupted. */
export function wasInterrupted({ is_error, terminal_reason }: Ended): boolean {
  return is_error && (terminal_reason ?? '').startsWith('aborted')
}

/** How a turn came to its end, by the program's words for it. */
export function outcomeOf(ended: Ended): Outcome {
  const { subtype, is_error, result = '', stop_reason, terminal_reason, api_error_status: status } = ended
  if (stop_reason === 'refusal') return failed('refused', result)
  if (!is_error && subtype === 'success') return { completed: true, reason: 'completed' }
  if (terminal_reason === 'prompt_too_long') return failed('context', result)
  if (wasInterrupted(ended)) return failed('cancelled', result)
  if (subtype === 'error_max_turns')
    return failed('max-turns', 'The agent asked its model as often as it may in one turn.')
  if (status === 429 || status === 529) return failed('rate-limit', result)
  if (status === 401) return failed('login', result)
  if (status === 404) return failed('model', result)
  return failureSaid(result === '' ? subtype : result, 'agent-error')
}

/** Tokens since the last end, by model, and what the program says that all cost. Cached input is input. */
export function metered(
  before: ClaudeConversation,
  ended: Ended,
): { conversation: ClaudeConversation; effects: Effect[] } {
  const effects: Effect[] = []
  const sums = new Map(before.metered.map(([model, ...sum]) => [model, sum] as const))
  for (const [name, usage] of Object.entries(ended.modelUsage).slice(0, MOST_MODELS)) {
    const model = name.slice(0, 200).toWellFormed()
    const input = usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens
    const [inputBefore, outputBefore] = sums.get(model) ?? [0, 0]
    const inputTokens = Math.max(0, input - inputBefore)
    const outputTokens = Math.max(0, usage.outputTokens - outputBefore)
    if (inputTokens + outputTokens > 0) effects.push({ event: { type: 'usage', model, inputTokens, outputTokens } })
    sums.set(model, [input, usage.outputTokens])
  }
  const { num_turns: turns, total_cost_usd: cost } = ended
  if (cost !== undefined)
    effects.push(...progress(`${turns ?? 0} turns, ${cost.toFixed(4)} USD by the list of the program`))
  const kept = [...sums].map(([model, [input, output]]) => [model, input, output] as const)
  return { conversation: { ...before, metered: kept.slice(-MOST_MODELS) }, effects }
}
