import type { AgentEvent, Exit, StepVerdict, TurnFailure } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import { MOST_ANSWERS } from '@seamark/policy'
import { isOverLimit } from './run-git.ts'

/** What a runtime saw its program do, as far as the outcome depends on it. */
export interface Seen {
  /** How the last turn ended, unless something came after it. */
  readonly turn?: { readonly completed: boolean; readonly reason: string; readonly detail?: string }
  /** Tools that were denied, each once, in the order of their first denial; a few of them. */
  readonly denied: readonly string[]
  /** How often a tool was denied. */
  readonly denials: number
  /** How often it was allowed one that it asked for. */
  readonly allowances: number
}

/** Nothing yet. */
export const UNSEEN: Seen = { denied: [], denials: 0, allowances: 0 }

const mostDenied = 20

/** What is known with one more event. */
export function see({ denied, denials, allowances }: Seen, event: AgentEvent): Seen {
  switch (event.type) {
    case 'turn-end':
      return { denied, denials, allowances, turn: turnOf(event) }
    case 'denial':
      return {
        denied: denied.includes(event.tool) || denied.length === mostDenied ? denied : [...denied, event.tool],
        denials: denials + 1,
        allowances,
      }
    case 'allowance':
      return { denied, denials, allowances: allowances + 1 }
    default:
      return { denied, denials, allowances }
  }
}

function turnOf({ completed, reason, detail }: AgentEvent & { readonly type: 'turn-end' }): NonNullable<Seen['turn']> {
  return { completed, reason, ...(detail !== undefined && { detail }) }
}

export const SUCCEEDED: StepVerdict = { outcome: 'succeeded', reason: 'completed' }

export function failure(reason: string, detail?: string): StepVerdict {
  return { outcome: 'failed', reason, ...(detail !== undefined && { detail: detail.slice(0, 2000) }) }
}

/** What the end of the process tree and the runtime bear out, before any product is looked at. */
export function judge(exit: Exit, { turn, denials, allowances }: Seen): StepVerdict {
  switch (exit.reason) {
    case 'timeout':
      return { outcome: 'timed-out', reason: 'timeout' }
    case 'killed':
      return { outcome: 'canceled', reason: 'killed' }
    case 'not-started':
      return failure('not-started', exit.detail)
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
  // Programs end with any code after that, 0 among them.
  if (turn?.completed === false && isTurnFailure(turn.reason))
    return failure(turn.reason, said(TURN_FAILURES[turn.reason], turn.detail))
  if (exit.code !== 0) return failure('exit-code', exit.code === undefined ? undefined : String(exit.code))
  // An exit code of 0 without a turn that came to its end is no success.
  if (turn === undefined) return failure('no-turn')
  return turn.completed ? SUCCEEDED : failure('no-turn', said(turn.reason, turn.detail))
}

const TURN_FAILURES: Readonly<Record<TurnFailure, string>> = {
  'rate-limit': 'The provider refused more calls for now.',
  login: 'The provider refused the credential.',
  context: 'The conversation is longer than the model can take.',
  refused: 'The model would not do it.',
}

function said(word: string, detail: string | undefined): string {
  return detail === undefined ? word : `${word}: ${detail}`
}

function isTurnFailure(reason: string): reason is TurnFailure {
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
