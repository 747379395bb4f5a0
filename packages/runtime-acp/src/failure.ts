import { failed, failureSaid } from '@seamark/runtime'
import type { Outcome } from '@seamark/runtime'
import { ERROR_CODES } from './acp-port.ts'

/**
 * Why an agent answered a request with an error. The protocol has a code for a refused login only; for the rest agents pass on what the
 * provider says. `otherwise` is the word where it is none of those that all runtimes share.
 */
export function failureOf(
  error: { readonly code: number; readonly message: string; readonly data?: unknown },
  otherwise: string,
): Outcome {
  const data = error.data === undefined ? '' : ` ${JSON.stringify(error.data)}`
  const said = `${error.message}${data}`
  return error.code === ERROR_CODES.authRequired ? failed('login', said) : failureSaid(said, otherwise)
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
