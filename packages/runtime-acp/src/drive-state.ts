import type { Json } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { isObject } from './acp-port.ts'
import { OPENING } from './conversation.ts'
import type { Conversation } from './conversation.ts'

/** From where `drive` goes on: a place in the output, and how much of what follows from it was done. */
export interface DriveState {
  /** Before the line at `offset`. */
  readonly conversation: Conversation
  /** Bytes of standard output that are dealt with. */
  readonly offset: number
  /** Bytes of standard input before that line. */
  readonly sent: number
  /** Effects of that line that were done. */
  readonly done: number
  /** Whether the beginning was said. */
  readonly begun: boolean
  /** Whether the end of the turn was told. */
  readonly ended: boolean
}

const VERSION = 1

export const FIRST: DriveState = { conversation: OPENING, offset: 0, sent: 0, done: 0, begun: false, ended: false }

export function formatState(state: DriveState): Json {
  const value: unknown = JSON.parse(JSON.stringify({ acp: VERSION, ...state }))
  return isObject(value) ? value : null
}

const count = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0

/** Reads a recorded state; without one it is the beginning. Errors: `INVALID_INPUT`. */
export function parseState(state: Json | undefined): DriveState {
  if (state === undefined) return FIRST
  if (isObject(state) && state['acp'] === VERSION && isState(state)) return state
  throw new SeamError('INVALID_INPUT', `The recorded state is not one of the ACP runtime, version ${VERSION}.`, {
    remedy: 'Give the state of an event that this runtime yielded, unchanged.',
  })
}

// It comes back from where this runtime's caller keeps it: its shape is checked, what is in the conversation is its own.
function isState(value: unknown): value is DriveState {
  if (!isObject(value)) return false
  const { conversation, offset, sent, done, begun, ended } = value
  return (
    [offset, sent, done].every(count) &&
    typeof begun === 'boolean' &&
    typeof ended === 'boolean' &&
    isObject(conversation) &&
    Object.keys(OPENING).every((key) => typeof conversation[key] === typeof Reflect.get(OPENING, key))
  )
}
