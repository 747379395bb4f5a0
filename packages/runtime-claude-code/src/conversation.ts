import type { JsonObject } from '@seamark/core'
import { TURN, UNBEGUN } from '@seamark/runtime'
import type { About, Conversation, Effect, Outcome } from '@seamark/runtime'

export type ClaudeAbout = About<ClaudeConversation>

export interface ClaudeConversation extends Conversation {
  readonly phase: 'initialize' | 'prompt' | 'over'
  /** The program's id of the conversation; empty before it said it. */
  readonly session: string
  /** When the limit that the provider refuses for is over, in epoch milliseconds; 0 where it does not refuse or does not say. */
  readonly resetAt: number
  /** MCP servers that had not started when it was asked last. */
  readonly starting: readonly string[]
  /** Whether it is being asked which MCP servers have started. */
  readonly asking: boolean
  /** How its turn ended, where it is still to say which MCP servers had started. */
  readonly ending?: Outcome
}

export const OPENING: ClaudeConversation = {
  ...UNBEGUN,
  phase: 'initialize',
  session: '',
  resetAt: 0,
  starting: [],
  asking: false,
}

/** Number of the request that opens the conversation. */
export const INITIALIZE = 'seamark-initialize'

/** Number of the request for which MCP servers have started. */
export const SERVERS = 'seamark-mcp'

/** Asks the program to end its turn. */
export function canceled(): Effect {
  return { send: control('seamark-interrupt', { subtype: 'interrupt' }) }
}

export function control(id: string, request: JsonObject): JsonObject {
  return { type: 'control_request', request_id: id, request }
}

/** The answer to a request of the program. */
export function answer(id: string, response: JsonObject): JsonObject {
  return { type: 'control_response', response: { subtype: 'success', request_id: id, response } }
}

export function refusal(id: string, error: string): JsonObject {
  return { type: 'control_response', response: { subtype: 'error', request_id: id, error } }
}

export function prompted(text: string): readonly Effect[] {
  const message = { role: 'user', content: [{ type: 'text', text }] }
  return [TURN, { send: { type: 'user', session_id: '', parent_tool_use_id: null, message } }]
}
