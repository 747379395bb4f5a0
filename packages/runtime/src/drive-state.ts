import type { Json } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Conversation, Manner } from './conversation.ts'
import { isObject } from './json.ts'

/** From where `drive` goes on: a place in the output, and how much of what follows from it was done. */
export interface DriveState<C extends Conversation = Conversation> {
  /** Before the line at `offset`. */
  readonly conversation: C
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

/** Not copied: a state is never changed, only followed by another, and there is one for each event. */
export function formatState<C extends Conversation>({ kind }: Manner<C>, state: DriveState<C>): Json {
  const value: unknown = { [kind]: VERSION, ...state }
  return isObject(value) ? value : null
}

const count = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0

/** Reads a recorded state; without one it is the beginning. Errors: `INVALID_INPUT`. */
export function parseState<C extends Conversation>(manner: Manner<C>, state: Json | undefined): DriveState<C> {
  const { kind, opening } = manner
  if (state === undefined) return { conversation: opening, offset: 0, sent: 0, done: 0, begun: false, ended: false }
  if (isObject(state) && state[kind] === VERSION && isState(state, opening)) return state
  throw new SeamError('INVALID_INPUT', `The recorded state is not one of the runtime ${kind}, version ${VERSION}.`, {
    remedy: 'Give the state of an event that this runtime yielded, unchanged.',
  })
}

// It comes back from where this runtime's caller keeps it: its shape is checked, what is in the conversation is its own.
function isState<C extends Conversation>(value: unknown, opening: C): value is DriveState<C> {
  if (!isObject(value)) return false
  const { conversation, offset, sent, done, begun, ended } = value
  return (
    [offset, sent, done].every(count) &&
    typeof begun === 'boolean' &&
    typeof ended === 'boolean' &&
    isObject(conversation) &&
    Object.keys(opening).every((key) => typeof conversation[key] === typeof Reflect.get(opening, key))
  )
}
