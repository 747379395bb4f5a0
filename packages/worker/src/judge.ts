import type { AgentActivity, AgentEvent, Exit, Question, StepVerdict, TurnFailure } from '@seamark/core'
import type { OutcomeReason } from '@seamark/kit'
import { hasCode } from '@seamark/kit'
import { MOST_ANSWERS } from '@seamark/policy'
import { withEvent } from './activity.ts'
import { isOverLimit } from './run-git.ts'

/** What a runtime saw its program do, as far as the outcome depends on it. */
export interface Seen {
  /** How the last turn ended, unless something came after it. */
  readonly turn?: {
    readonly completed: boolean
    readonly reason: string
    readonly detail?: string
    readonly resetAt?: number
  }
  /** The last that was asked of a person. */
  readonly question?: Question
  /** What its conversation is called. */
  readonly conversation?: string
  /** Tools that were denied, each once, in the order of their first denial; a few of them. */
  readonly denied: readonly string[]
  /** How often a tool was denied. */
  readonly denials: number
  /** How often it was allowed one that it asked for. */
  readonly allowances: number
  /** Where it is an agent. */
  readonly activity?: AgentActivity
}

/** Nothing yet. */
export const UNSEEN: Seen = { denied: [], denials: 0, allowances: 0 }

const mostDenied = 20
/** What a reason of a verdict looks like. */
const WORD = /^[a-z][a-z0-9-]{0,63}$/

/** What is known with one more event. */
export function see(before: Seen, event: AgentEvent): Seen {
  const activity = withEvent(before.activity, event)
  return { ...judged(before, event), ...(activity && { activity }) }
}

function judged({ turn: _, ...known }: Seen, event: AgentEvent): Seen {
  const { denied, denials, allowances } = known
  switch (event.type) {
    case 'turn-end': {
      const { type: __, ...turn } = event
      return { ...known, turn }
    }
    case 'denial':
      return {
        ...known,
        denied: denied.includes(event.tool) || denied.length === mostDenied ? denied : [...denied, event.tool],
        denials: denials + 1,
      }
    case 'allowance':
      return { ...known, allowances: allowances + 1 }
    case 'question':
      return { ...known, question: { id: event.id, text: event.text } }
    case 'conversation':
      return { ...known, conversation: event.id }
    default:
      return known
  }
}

export const SUCCEEDED: StepVerdict = { outcome: 'succeeded', reason: 'completed' }

/** A failure with a reason that has words. */
export function failure(reason: OutcomeReason, detail?: string): StepVerdict {
  return failed(reason, detail)
}

function failed(reason: string, detail?: string): StepVerdict {
  return { outcome: 'failed', reason, ...(detail !== undefined && { detail: detail.slice(0, 2000) }) }
}

/** What the end of the process tree and the runtime bear out, before any product is looked at. */
export function judge(exit: Exit, { turn, question, denials, allowances }: Seen): StepVerdict {
  switch (exit.reason) {
    case 'timeout':
      return { outcome: 'timed-out', reason: 'timeout' }
    case 'killed':
      return { outcome: 'canceled', reason: 'killed' }
    case 'not-started':
    case 'interrupted':
      return failure(exit.reason, exit.detail)
    case 'output':
      return failure('limit', 'stdout and stderr')
    case 'idle':
    case 'memory':
    case 'pids':
    case 'disk':
      return failure('limit', exit.reason)
    case 'signaled':
      return failure('signal', exit.signal)
    case 'exited':
      break
  }
  if (denials > MOST_ANSWERS) return failure('limit', 'denied tools')
  if (allowances > MOST_ANSWERS) return failure('limit', 'allowed tools')
  if (turn?.completed === false && turn.reason === 'question' && question !== undefined)
    return { outcome: 'parked', reason: 'input', question: fitQuestion(question) }
  if (turn?.completed === false && turn.reason === 'rate-limit')
    return { outcome: 'parked', reason: 'rate-limit', ...overAt(exit.endedAt, turn.resetAt) }
  // Programs end with any code after that, 0 among them.
  if (turn?.completed === false && isTurnFailure(turn.reason))
    return failure(turn.reason, said(TURN_FAILURES[turn.reason], turn.detail))
  if (exit.code !== 0) return failure('exit-code', exit.code === undefined ? undefined : String(exit.code))
  // An exit code of 0 without a turn that came to its end is no success.
  if (turn === undefined) return failure('no-turn')
  if (turn.completed) return SUCCEEDED
  // A word of the runtime's own, which its README has.
  const { reason, detail } = turn
  return WORD.test(reason) ? failed(reason, detail) : failure('no-turn', said(reason, detail))
}

/** The longest limit of a provider is that of a week. */
const MOST_RATE_LIMIT_MS = 8 * 86_400_000

/** A moment after the reset, so that a clock that is a little ahead is not refused again. */
function overAt(endedAt: number, resetAt: number | undefined): { readonly resumeAt?: number } {
  if (resetAt === undefined || !Number.isFinite(resetAt)) return {}
  return { resumeAt: Math.ceil(Math.min(Math.max(resetAt, endedAt) + 1_000, endedAt + MOST_RATE_LIMIT_MS)) }
}

function fitQuestion({ id, text }: Question): Question {
  return { id: id.slice(0, 200).toWellFormed(), text: text.slice(0, 8_000).toWellFormed() }
}

const TURN_FAILURES: Readonly<Record<Exclude<TurnFailure, 'rate-limit' | 'question'>, string>> = {
  login: 'The provider refused the credential.',
  context: 'The conversation is longer than the model can take.',
  refused: 'The model would not do it.',
  resume: 'The conversation to go on with is not there any more.',
}

function said(word: string, detail: string | undefined): string {
  return detail === undefined ? word : `${word.replace(/\.$/, '')}: ${detail}`
}

function isTurnFailure(reason: string): reason is keyof typeof TURN_FAILURES {
  return Object.hasOwn(TURN_FAILURES, reason)
}

/** What an attempt has to show for itself. */
export interface Shown {
  /** Declared outputs that are there. */
  readonly outputs: number
  /** Whether its workspace changed. */
  readonly patch: boolean
  /** Whether the plan says that it must have. */
  readonly patchRequired?: boolean
}

/** The verdict over what would be a success: a program that was denied its tools, did nothing and said that it was done did not succeed. */
export function weigh(verdict: StepVerdict, { denied }: Seen, shown: Shown): StepVerdict {
  const { outputs, patch, patchRequired = false } = shown
  if (verdict.outcome !== 'succeeded' || patch) return verdict
  if (denied.length > 0 && outputs === 0)
    return failure('denied', `It was denied ${denied.join(', ')}, and left nothing.`)
  return patchRequired ? failure('patch-missing') : verdict
}

/** The verdict over an attempt whose product can not be taken, or `undefined` where the fault is not the attempt's. */
export function blame(error: unknown): StepVerdict | undefined {
  if (isOverLimit(error)) return failure('limit', error.message)
  if (hasCode(error, 'UNSUPPORTED')) return failure('unsupported-file', error.message)
  if (hasCode(error, 'TIMEOUT')) return failure('capture-timeout', error.message)
  return undefined
}
