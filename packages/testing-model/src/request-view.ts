import type { ModelApiName } from './script.ts'

/** A tool that a request offers. */
export interface OfferedTool {
  readonly name: string
  /** Its input is a text, not JSON. */
  readonly custom: boolean
  /** The group that it is in. */
  readonly namespace?: string
}

/** The result of a tool that a client sends. */
export interface ToolResult {
  /** The name of the tool, where its call is in the request. */
  readonly tool?: string
  readonly text: string
  readonly failed: boolean
}

/** What a request says, whatever its API. */
export interface RequestView {
  readonly api: ModelApiName
  readonly model: string
  readonly stream: boolean
  /** How hard the model is to think, in the API's word. */
  readonly effort?: string
  /** The most tokens of the answer. */
  readonly maxTokens?: number
  readonly system: string
  /** Every text of the conversation, in order. */
  readonly texts: readonly string[]
  /** Those after the last answer of the model. */
  readonly newTexts: readonly string[]
  /** Results after the last answer of the model. */
  readonly results: readonly ToolResult[]
  readonly tools: readonly OfferedTool[]
  /** By the rule. */
  readonly inputTokens: number
}
