import type { Exit, Json } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** What was read of a report, and from where to go on. */
export interface TapState {
  /** Bytes of standard output that are dealt with. */
  readonly offset: number
  /** Tests at the top level that were reported, those of them that failed, and those that failed and may. */
  readonly tests: number
  readonly failed: number
  readonly todo: number
  /** How many tests there should be, once it said so. */
  readonly plan: number | null
  /** It said that it gives up. */
  readonly bailed: boolean
  /** Whether the end of the turn was told. */
  readonly ended: boolean
}

const START: TapState = { offset: 0, tests: 0, failed: 0, todo: 0, plan: null, bailed: false, ended: false }

// TAP 14: https://testanything.org/tap-version-14-specification.html. Tests within tests are indented, and their sum is a test.
const point = /^(not )?ok\b(?: +\d+)?(?: +-)?(.*)$/
const plan = /^1\.\.(\d{1,9})\b/
const todo = /#\s*todo\b/i

/** The state after a line, and what to tell of it: the test that failed, in the words of the program, and whether it may. */
export function afterLine(state: TapState, line: string): { readonly next: TapState; readonly progress?: string } {
  const [, planned] = plan.exec(line) ?? []
  if (planned !== undefined) return { next: { ...state, plan: Number(planned) } }
  if (line.startsWith('Bail out!')) return { next: { ...state, bailed: true } }
  const [found, not, words = ''] = point.exec(line) ?? []
  if (found === undefined) return { next: state }
  const next = { ...state, tests: state.tests + 1 }
  if (not === undefined) return { next }
  if (todo.test(words)) return { next: { ...next, todo: next.todo + 1 }, progress: `to do: ${words.trim()}` }
  return { next: { ...next, failed: next.failed + 1 }, progress: `failed: ${words.trim()}` }
}

/** What an end comes to. An exit code of 0 is not enough: a test that ends its process early leaves the report short. */
export function verdict({ tests, failed, todo: due, plan: planned, bailed }: TapState, { reason, code, signal }: Exit) {
  const passed = `${tests - failed - due} of ${planned ?? 'an unknown number of'} tests passed`
  const detail = due === 0 ? passed : `${passed}, ${due} to do`
  const ended = (why: string) => ({ completed: why === 'passed', reason: why, detail })
  if (reason === 'signaled') return ended(`signal-${signal ?? 'unknown'}`)
  if (reason !== 'exited') return ended(reason)
  if (bailed) return ended('bailed-out')
  if (failed > 0) return ended('tests-failed')
  if (code !== 0) return ended(`exit-${code ?? 'unknown'}`)
  return ended(planned === null ? 'no-plan' : planned === tests ? 'passed' : 'tests-missing')
}

export const formatState = (state: TapState): Json => ({ v: 1, ...state })

/** Errors: `INVALID_INPUT` for a state of another runtime. */
export function parseState(given: Json | undefined): TapState {
  if (given === undefined) return START
  const { v, ...state } = fields(given)
  const counts = [state['offset'], state['tests'], state['failed'], state['todo'], state['plan'] ?? 0]
  if (v !== 1 || !counts.every((count) => Number.isSafeInteger(count) && Number(count) >= 0))
    throw new SeamError('INVALID_INPUT', 'The recorded state is not one of the TAP runtime, version 1.', {
      remedy: 'Give the state of an event that this runtime yielded, unchanged.',
    })
  return {
    offset: Number(state['offset']),
    tests: Number(state['tests']),
    failed: Number(state['failed']),
    todo: Number(state['todo']),
    plan: state['plan'] === null ? null : Number(state['plan']),
    bailed: state['bailed'] === true,
    ended: state['ended'] === true,
  }
}

const fields = (value: Json): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
