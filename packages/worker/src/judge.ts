import type { Exit, StepVerdict } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import { isOverLimit } from './run-git.ts'

/** The last thing a runtime said about its program's turn. */
export interface TurnEnd {
  readonly completed: boolean
  readonly reason: string
}

export const SUCCEEDED: StepVerdict = { outcome: 'succeeded', reason: 'completed' }

export function failure(reason: string, detail?: string): StepVerdict {
  return { outcome: 'failed', reason, ...(detail !== undefined && { detail: detail.slice(0, 2000) }) }
}

/** What the end of the process tree and the runtime bear out, before any product is looked at. */
export function judge(exit: Exit, turn: TurnEnd | undefined): StepVerdict {
  switch (exit.reason) {
    case 'timeout':
      return { outcome: 'timed-out', reason: 'timeout' }
    case 'killed':
      return { outcome: 'canceled', reason: 'killed' }
    case 'not-started':
      return failure('not-started', exit.detail)
    case 'output':
      return failure('limit', 'stdout and stderr')
    case 'memory':
    case 'pids':
    case 'disk':
      return failure('limit', exit.reason)
    case 'signaled':
      return failure('signal', exit.signal)
    case 'exited':
      break
  }
  if (exit.code !== 0) return failure('exit-code', exit.code === undefined ? undefined : String(exit.code))
  // An exit code of 0 without a turn that came to its end is no success.
  if (turn === undefined) return failure('no-turn')
  return turn.completed ? SUCCEEDED : failure('no-turn', turn.reason)
}

/** The verdict over an attempt whose product can not be taken, or `undefined` where the fault is not the attempt's. */
export function blame(error: unknown): StepVerdict | undefined {
  if (isOverLimit(error)) return failure('limit', error.message)
  if (hasCode(error, 'UNSUPPORTED')) return failure('unsupported-file', error.message)
  if (hasCode(error, 'TIMEOUT')) return failure('capture-timeout', error.message)
  return undefined
}
