import type { AgentEvent, JsonObject, RuntimeTask } from '@seamark/core'
import type { AskedTool, ToolAnswer } from '@seamark/policy'
import type { Outcome } from './failure.ts'
import { NOTHING_YET } from './repeats.ts'
import type { Recent } from './repeats.ts'
import type { ToolUse } from './tool-use.ts'
import type { VersionRange } from './version.ts'

/**
 * After how many equal tool calls, one after another, an agent is told so, and then stopped; also after as many equal rounds of up to
 * 4 calls. Calls are equal where the same came of them; where something else came each time, after 5 times as many.
 */
export interface Repeats {
  readonly nudge: number
  readonly stop: number
}

/** What a conversation is about: the same whenever it is driven. */
export interface About<C extends Conversation = Conversation> {
  readonly task: RuntimeTask
  readonly prompt: string
  readonly versions?: VersionRange
  readonly repeats: Repeats
  /** Most tool calls of one attempt. Absent: any number. */
  readonly maxToolCalls?: number
  /** The line that installs the program, for people. */
  readonly install?: string
  readonly answer: (asked: AskedTool) => ToolAnswer
  /** What a kind of tool does, by the program's word for the kind. What is not there is not known. */
  readonly does: Readonly<Record<string, AskedTool['does']>>
  /** Asks the program to end its turn. */
  readonly cancel: (conversation: C) => Effect
}

/**
 * Where a conversation is, as far as it is alike for all programs. Plain data, and bounded whatever the agent says. A runtime adds
 * what is its own.
 */
export interface Conversation {
  /** `over` is the last, for all. */
  readonly phase: string
  /** What the program says it is, with its version; empty before. */
  readonly program: string
  /** The line of the agent's words that has no end yet. */
  readonly text: string
  /** Tool calls by their ids; of many the last. */
  readonly uses: readonly (readonly [string, ToolUse])[]
  /** Tool calls that were told. */
  readonly calls: number
  readonly recent: Recent
  /** The turn was canceled to say that the agent repeats itself. */
  readonly nudging: boolean
  /** Tool that was denied in this turn, the last of them. */
  readonly refused: string
  readonly allowances: number
  readonly denials: number
  readonly outcome?: Outcome
}

/** What is to be done, in this order. */
export type Effect =
  | { readonly event: AgentEvent }
  | { readonly send: JsonObject }
  /** The program is to end. */
  | { readonly end: true }

/** Said before the words that begin a turn are sent. */
export const TURN: Effect = { event: { type: 'turn-begin' } }

export interface Step<C extends Conversation = Conversation> {
  readonly conversation: C
  readonly effects: readonly Effect[]
}

/** How a program of one kind is spoken to: pure functions of what it says. */
export interface Manner<C extends Conversation = Conversation> {
  /** Marks recorded states, so that a state of another runtime is refused. */
  readonly kind: string
  /** Before the agent has said anything. */
  readonly opening: C
  /** What is said first. */
  begin(): Step<C>
  /** `line` is a message as JSON, though perhaps no JSON; `whole` says that nothing of it was shortened. */
  receive(before: C, line: string, whole: boolean): Step<C>
}

/** What of a conversation is alike before it begins. */
export const UNBEGUN: Omit<Conversation, 'phase'> = {
  program: '',
  text: '',
  uses: [],
  calls: 0,
  recent: NOTHING_YET,
  nudging: false,
  refused: '',
  allowances: 0,
  denials: 0,
}

export function idle<C extends Conversation>(conversation: C): Step<C> {
  return { conversation, effects: [] }
}
