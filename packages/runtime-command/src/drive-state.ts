import type { Exit, Json } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** From where `drive` goes on. */
export interface DriveState {
  /** Bytes of standard output that are dealt with. */
  readonly offset: number
  /** Lines in them. */
  readonly lines: number
  /** Whether the end of the turn was told. */
  readonly ended: boolean
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
const count = (value: Json | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** Reads a recorded state; without one it is the beginning. Errors: `INVALID_INPUT`. */
export function parseState(state: Json | undefined): DriveState {
  if (state === undefined) return { offset: 0, lines: 0, ended: false }
  if (isList(state) && state.length === 4) {
    const [version, offset, lines, ended] = state
    if (version === 1 && count(offset) && count(lines) && typeof ended === 'boolean') return { offset, lines, ended }
  }
  throw new SeamError('INVALID_INPUT', 'The recorded state is not one of the command runtime, version 1.', {
    remedy: 'Give the state of an event that this runtime yielded, unchanged.',
  })
}

export function formatState({ offset, lines, ended }: DriveState): Json {
  return [1, offset, lines, ended]
}

/** A stable word for an end: `exited` for success, `exit-3`, `signal-SIGKILL`, or the exit's reason. */
export function turnEnd({ code, signal, reason }: Exit): { readonly completed: boolean; readonly reason: string } {
  if (reason === 'exited') return { completed: code === 0, reason: code === 0 ? 'exited' : `exit-${code ?? 'unknown'}` }
  if (reason === 'signaled') return { completed: false, reason: `signal-${signal ?? 'unknown'}` }
  return { completed: false, reason }
}
