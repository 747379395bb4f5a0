import type { ParkReason } from '@seamark/core'

/** A reason of Seamark's own with which an attempt, a gate, an item or a set-up ends. */
export type OutcomeReason =
  | ParkReason
  | 'completed'
  | 'taken'
  | 'exit-code'
  | 'signal'
  | 'timeout'
  | 'killed'
  | 'interrupted'
  | 'not-started'
  | 'no-turn'
  | 'question'
  | 'login'
  | 'context'
  | 'refused'
  | 'resume'
  | 'denied'
  | 'secret'
  | 'output-missing'
  | 'output-invalid'
  | 'patch-missing'
  | 'write-outside'
  | 'limit'
  | 'unsupported-file'
  | 'capture-timeout'
  | 'service-not-ready'
  | 'prepare'
  | 'launch'
  | 'capture'
  | 'lost'
  | 'stopped'
  | 'input-missing'
  | 'launch-too-large'
  | 'expired'
  | 'needs'
  | 'setup'
  | 'requested'
  | 'parent'
  | 'unknown'

/** Each in words for a person. A runtime may give an attempt up with a word of its own, which its README has. */
const WORDS: Readonly<Record<OutcomeReason, string>> = {
  completed: 'completed',
  taken: 'taken from an earlier run',
  // What the evidence of an attempt says.
  'exit-code': 'its program ended with a code other than 0',
  signal: 'its program was ended by a signal',
  timeout: 'it took longer than it may',
  killed: 'its program was killed from outside',
  interrupted: 'what it ran in was ended from outside',
  'not-started': 'its program did not start',
  'no-turn': 'no turn of its agent came to an end',
  question: 'its agent asked something, and what is not known',
  login: 'the provider refused the credential',
  context: 'the conversation is longer than the model can take',
  refused: 'the model would not do it',
  resume: 'the conversation to go on with is not there any more',
  denied: 'tools were denied, and it left nothing',
  secret: 'a secret is in what it left',
  'output-missing': 'an output is missing',
  'output-invalid': 'an output is not as it must be',
  'patch-missing': 'it changed no file, but has to',
  'write-outside': 'it changed what its policy protects',
  limit: 'it went over a limit',
  'unsupported-file': 'a file can not be captured',
  'capture-timeout': 'what it left took too long to read',
  'service-not-ready': 'a service that it has was not ready',
  // What the engine found on the way.
  prepare: 'it could not be prepared',
  launch: 'it could not be launched',
  capture: 'what it left could not be captured',
  lost: 'what became of its program is not known',
  stopped: 'it was stopped before its program began',
  capacity: 'its executor had no room',
  'input-missing': 'what it was to get from another item is not there',
  'launch-too-large': 'what it was to get is more than a launch can name',
  expired: 'what it waited for did not come in time',
  needs: 'what it needs did not succeed',
  setup: 'the set-up failed',
  requested: 'somebody canceled it',
  parent: 'the attempt that added it is over',
  unknown: 'no reason was given',
  // What a parked one waits for.
  retry: 'it waits to be tried again',
  'rate-limit': 'its provider limits how much it may do',
  input: 'its agent asks a person',
  approval: 'it waits for an approval',
  budget: 'its budget is used up',
  quorum: 'it waits for enough others',
  pause: 'it is paused',
}

export const OUTCOME_REASONS: readonly OutcomeReason[] = Object.keys(WORDS).filter(isOutcomeReason)

// Their detail is a whole sentence that says the same and more.
const TOLD_BY_DETAIL: ReadonlySet<string> = new Set([
  'login',
  'context',
  'refused',
  'resume',
  'denied',
  'secret',
  'interrupted',
])
const GATE = /^gate:(\d+)$/

function isOutcomeReason(reason: string): reason is OutcomeReason {
  return Object.hasOwn(WORDS, reason)
}

/**
 * A reason and its detail in words: `exit code 3`, `an output is missing: reports/junit.xml`. A word of a
 * runtime's own is left as it is.
 */
export function reasonWords(reason: string, detail?: string): string {
  if (reason === 'exit-code' && detail !== undefined) return `exit code ${detail}`
  if (detail !== undefined && TOLD_BY_DETAIL.has(reason)) return detail
  const [, gate] = GATE.exec(reason) ?? []
  // A number is the exit code of its command.
  if (gate !== undefined)
    return withDetail(
      `gate ${Number(gate) + 1} did not pass`,
      detail !== undefined && /^\d+$/.test(detail) ? `exit code ${detail}` : detail,
    )
  return withDetail(isOutcomeReason(reason) ? WORDS[reason] : reason, detail)
}

function withDetail(words: string, detail: string | undefined): string {
  return detail === undefined ? words : `${words}: ${detail}`
}
