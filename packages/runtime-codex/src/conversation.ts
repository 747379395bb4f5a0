import type { JsonObject } from '@seamark/core'
import { UNBEGUN } from '@seamark/runtime'
import type { About, Conversation, Effect } from '@seamark/runtime'

export interface CodexAbout extends About<CodexConversation> {
  readonly instructions?: string
  /** Names of skills of ours; their files are in the home. */
  readonly skills: readonly string[]
  /** MCP servers as the program's configuration names them. */
  readonly mcpServers: JsonObject
  readonly projectSettings: boolean
}

export interface CodexConversation extends Conversation {
  readonly phase: 'initialize' | 'skills' | 'thread' | 'servers' | 'prompt' | 'over'
  /** The program's id of the conversation; empty before it said it. */
  readonly session: string
  /** The turn that runs; empty where none does. */
  readonly turn: string
  readonly model: string
  /** MCP servers that did not start yet. */
  readonly starting: readonly string[]
  /** Tokens that were told, by thread: the program tells sums. Agents inside the agent have threads of their own. */
  readonly metered: readonly (readonly [thread: string, input: number, output: number])[]
  /** What was told of the provider's limits. */
  readonly limits: string
  /** When the provider's limit that is reached is over, in epoch milliseconds; 0 where none is or it does not say. */
  readonly resetAt: number
}

export const OPENING: CodexConversation = {
  ...UNBEGUN,
  phase: 'initialize',
  session: '',
  turn: '',
  model: 'unknown',
  starting: [],
  metered: [],
  limits: '',
  resetAt: 0,
}

/** Numbers of requests. Of each one waits at most. */
export const IDS = {
  initialize: 'seamark-initialize',
  skills: 'seamark-skills',
  thread: 'seamark-thread',
  turn: 'seamark-turn',
  interrupt: 'seamark-interrupt',
} as const

/** Errors of JSON-RPC. */
const METHOD_NOT_FOUND = -32_601

export function request(id: string, method: string, params: JsonObject): Effect {
  return { send: { id, method, params } }
}

/** Asks the program to end its turn. */
export function canceled({ session, turn }: CodexConversation): Effect {
  return request(IDS.interrupt, 'turn/interrupt', { threadId: session, turnId: turn })
}

/** The answer to a request of the program. */
export function answer(id: string | number, result: JsonObject): JsonObject {
  return { id, result }
}

export function refusal(id: string | number, message: string): JsonObject {
  return { id, error: { code: METHOD_NOT_FOUND, message } }
}
