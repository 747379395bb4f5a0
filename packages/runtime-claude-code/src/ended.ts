import { failed, failureSaid, progress } from '@seamark/runtime'
import type { Effect, Outcome } from '@seamark/runtime'
import type { ClaudeConversation } from './conversation.ts'
import type { Ended } from './message.ts'

/** Models of which it is told. */
const MOST_MODELS = 32

/** The word of the program for a turn that was interrupted. */
export function wasInterrupted({ is_error, terminal_reason }: Ended): boolean {
  return is_error && (terminal_reason ?? '').startsWith('aborted')
}

/** How a turn came to its end, by the program's words for it. */
export function outcomeOf(ended: Ended, { resetAt }: ClaudeConversation): Outcome {
  const { subtype, is_error, stop_reason, terminal_reason, api_error_status: status, errors = [] } = ended
  const result = errors[0] ?? ended.result ?? ''
  if (stop_reason === 'refusal') return failed('refused', result)
  if (!is_error && subtype === 'success') return { completed: true, reason: 'completed' }
  if (/^no conversation found/i.test(result)) return failed('resume', result)
  if (terminal_reason === 'prompt_too_long') return failed('context', result)
  if (wasInterrupted(ended)) return failed('cancelled', result)
  if (subtype === 'error_max_turns')
    return failed('max-turns', 'The agent asked its model as often as it may in one turn.')
  if (status === 429 || status === 529) return { ...failed('rate-limit', result), ...(resetAt > 0 && { resetAt }) }
  if (status === 401) return failed('login', result)
  if (status === 404) return failed('model', result)
  return failureSaid(result === '' ? subtype : result, 'agent-error')
}

/** Tokens since the last end, by model, and what the program says that they cost. Cached input is input. */
export function usageOf({ num_turns: turns, model_usage_since_last_result: models }: Ended): Effect[] {
  const used = Object.entries(models).slice(0, MOST_MODELS)
  const effects: Effect[] = used.flatMap(([name, usage]) => {
    const inputTokens = usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens
    const { outputTokens } = usage
    const model = name.slice(0, 200).toWellFormed()
    return inputTokens + outputTokens === 0 ? [] : [{ event: { type: 'usage', model, inputTokens, outputTokens } }]
  })
  if (effects.length === 0) return effects
  const amount = used.reduce((sum, [, { costUSD }]) => sum + costUSD, 0)
  const cost: Effect = { event: { type: 'cost', amount, currency: 'USD', of: 'turn' } }
  return [...effects, cost, ...progress(`${turns ?? 0} turns`)]
}
