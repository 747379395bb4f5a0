import type { Exit, LaunchState, LeftProcesses, RefusedWrites } from '@seamark/core'
import { EXIT_REASONS } from '@seamark/kit'
import { fields, number, numberOrNone, textList, textOrNone, word, type Fields } from './fields.ts'

/** Parses an `Exit` that came from a file or a socket. */
export function exitFrom(value: unknown): Exit {
  const from = fields(value, 'exit')
  const code = numberOrNone(from, 'code')
  const signal = textOrNone(from, 'signal')
  const detail = textOrNone(from, 'detail')
  return {
    ...(code !== undefined && { code }),
    ...(signal !== undefined && { signal }),
    reason: word(from, 'reason', EXIT_REASONS),
    startedAt: number(from, 'startedAt'),
    endedAt: number(from, 'endedAt'),
    outputBytes: number(from, 'outputBytes'),
    ...(from['left'] !== undefined && { left: leftFrom(from['left']) }),
    ...(from['refusedWrites'] !== undefined && { refusedWrites: refusedWritesFrom(from['refusedWrites']) }),
    ...(detail !== undefined && { detail }),
  }
}

function leftFrom(value: unknown): LeftProcesses {
  const from = fields(value, 'left')
  return { processes: number(from, 'processes'), names: textList(from, 'names') }
}

function refusedWritesFrom(value: unknown): RefusedWrites {
  const from = fields(value, 'refusedWrites')
  return { count: number(from, 'count'), paths: textList(from, 'paths') }
}

/** Parses a `LaunchState` that came from a socket. */
export function stateFrom(value: unknown): LaunchState {
  const from: Fields = fields(value, 'state')
  const state = word(from, 'state', ['running', 'exited', 'lost', 'unknown'])
  if (state === 'running') return { state, startedAt: number(from, 'startedAt') }
  if (state === 'exited') return { state, exit: exitFrom(from['exit']) }
  return { state }
}
