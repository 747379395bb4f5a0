import type { TurnFailure } from '@seamark/core'
import { ERROR_CODES } from './acp-port.ts'

/** How a conversation came to its end. */
export interface Outcome {
  readonly completed: boolean
  /** A `TurnFailure`, or a word of this runtime. */
  readonly reason: string
  /** For people, at most 1,000 characters. */
  readonly detail?: string
}

export function failed(reason: string, detail?: string): Outcome {
  return { completed: false, reason, ...(detail !== undefined && { detail: detail.slice(0, 1_000).toWellFormed() }) }
}

// The protocol has a code for a refused login only; for the rest agents pass on what the provider says.
const SAID: readonly (readonly [TurnFailure, RegExp])[] = [
  ['rate-limit', /rate.?limit|too many requests|\b429\b|overloaded|quota|usage limit/i],
  ['context', /context (?:length|window)|prompt is too long|maximum context|too many tokens/i],
  ['login', /\b401\b|unauthori[sz]ed|authenticat|api key|log ?in\b|sign in/i],
]

/** Why an agent answered a request with an error. `otherwise` is the word where it is none of those that all runtimes share. */
export function failureOf(
  error: { readonly code: number; readonly message: string; readonly data?: unknown },
  otherwise: string,
): Outcome {
  const data = error.data === undefined ? '' : ` ${JSON.stringify(error.data)}`
  const said = `${error.message}${data}`.slice(0, 4_000)
  if (error.code === ERROR_CODES.authRequired) return failed('login', said)
  return failed(SAID.find(([, pattern]) => pattern.test(said))?.[0] ?? otherwise, said)
}

/** Of the end of a turn, by the protocol's word for it. */
export function stopped(reason: string): Outcome {
  switch (reason) {
    case 'end_turn':
      return { completed: true, reason: 'completed' }
    case 'refusal':
      return failed('refused')
    case 'max_tokens':
      return failed('max-tokens', 'The answer of the model was longer than it may be.')
    case 'max_turn_requests':
      return failed('max-requests', 'The agent asked its model as often as it may in one turn.')
    case 'cancelled':
      return failed('cancelled')
    default:
      return failed('stopped', reason)
  }
}
