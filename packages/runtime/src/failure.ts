import type { TurnFailure } from '@seamark/core'

/** How a conversation came to its end. */
export interface Outcome {
  readonly completed: boolean
  /** A `TurnFailure`, or a word of the runtime. */
  readonly reason: string
  /** For people, at most 1,000 characters. */
  readonly detail?: string
  /** Epoch milliseconds at which a `rate-limit` is over, where the provider said so. */
  readonly resetAt?: number
}

export function failed(reason: string, detail?: string): Outcome {
  return { completed: false, reason, ...(detail !== undefined && { detail: detail.slice(0, 1_000).toWellFormed() }) }
}

const SAID: readonly (readonly [TurnFailure, RegExp])[] = [
  ['rate-limit', /rate.?limit|too many requests|\b429\b|overloaded|usage limit/i],
  ['context', /context (?:length|window)|prompt is too long|maximum context|too many tokens/i],
  ['login', /\b401\b|unauthori[sz]ed|authenticat|api key|log ?in\b|sign in/i],
]

/** Why an agent failed, by the words in which it passes on what its provider says. `otherwise` is the word where it is none of these. */
export function failureSaid(said: string, otherwise: string): Outcome {
  const part = said.slice(0, 4_000)
  return failed(SAID.find(([, pattern]) => pattern.test(part))?.[0] ?? otherwise, part)
}
