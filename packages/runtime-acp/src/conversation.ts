import type { AgentEvent, JsonObject, RuntimeTask } from '@seamark/core'
import type { AskedTool, ToolAnswer } from '@seamark/policy'
import type { AcpMcpServer } from './acp-port.ts'
import type { Outcome } from './failure.ts'
import type { SetOption } from './session-options.ts'
import type { ToolUse } from './tool-use.ts'
import type { VersionRange } from './version.ts'

/** What a conversation is about: the same whenever it is driven. */
export interface About {
  readonly task: RuntimeTask
  readonly prompt: string
  readonly mcpServers: readonly AcpMcpServer[]
  readonly versions?: VersionRange
  readonly repeats: { readonly nudge: number; readonly stop: number }
  readonly install?: string
  readonly answer: (asked: AskedTool) => ToolAnswer
}

/** Where a conversation is. Plain data, and bounded whatever the agent says. */
export interface Conversation {
  readonly phase: 'initialize' | 'session' | 'option' | 'prompt' | 'over'
  /** Number of the request that waits for its response; of all before it none does. */
  readonly request: number
  readonly session: string
  /** What is still to be set before the prompt. */
  readonly options: readonly SetOption[]
  /** The line of the agent's words that has no end yet. */
  readonly text: string
  /** Tool calls by their ids; of many the last. */
  readonly uses: readonly (readonly [string, ToolUse])[]
  readonly last: { readonly key: string; readonly count: number }
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

export interface Step {
  readonly conversation: Conversation
  readonly effects: readonly Effect[]
}

export const OPENING: Conversation = {
  phase: 'initialize',
  request: 0,
  session: '',
  options: [],
  text: '',
  uses: [],
  last: { key: '', count: 0 },
  nudging: false,
  refused: '',
  allowances: 0,
  denials: 0,
}
