import type { Json } from '@seamark/core'
import { parsedLine } from '@seamark/runtime'
import type { Asking } from '@seamark/runtime'
import { z } from 'zod'

// What the program says is read as far as it is needed, and never trusted: lengths are bounded where it is kept. A field that is
// not as it should be is left out where the rest makes sense without it.

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: Json }
  | {
      readonly type: 'tool_result'
      readonly tool_use_id: string
      readonly is_error?: boolean | undefined
      readonly content?: Json | undefined
    }

export interface Begun {
  readonly session_id: string
  readonly claude_code_version: string
  readonly model?: string | undefined
  readonly mcp_servers?: readonly McpServerStatus[] | undefined
}

export interface McpServerStatus {
  readonly name: string
  readonly status: string
  readonly error?: string | undefined
}

export interface Retry {
  readonly attempt: number
  readonly max_retries: number
  readonly error_status?: number | null | undefined
  readonly error?: string | undefined
}

export interface Ended {
  readonly subtype: string
  readonly is_error: boolean
  readonly result?: string | undefined
  readonly stop_reason?: string | null | undefined
  readonly terminal_reason?: string | undefined
  readonly api_error_status?: number | null | undefined
  readonly num_turns?: number | undefined
  readonly errors?: readonly string[] | undefined
  /** Since the last end. What it says in `modelUsage` is also of the attempts before, where a conversation is gone on with. */
  readonly model_usage_since_last_result: Readonly<Record<string, ModelUsage>>
}

export interface ModelUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadInputTokens: number
  readonly cacheCreationInputTokens: number
  readonly costUSD: number
}

export interface ToolAsked {
  readonly tool_name: string
  readonly tool_use_id: string
  readonly input: Json
}

export interface Message {
  readonly type?: string | undefined
  readonly subtype?: string | undefined
  readonly request_id?: string | undefined
  readonly request?: unknown
  readonly response?: unknown
  readonly message?: unknown
  readonly tool_result_meta?: unknown
  /** Said by the script that starts the program. */
  readonly seamark?: string | undefined
}

const text = z.string()
/** It was read as JSON, so nothing else is left to check. */
const json = z.custom<Json>((value) => value !== undefined)
const id = text.min(1).max(200)
const count = z.int().min(0)

const envelope = z.looseObject({
  type: text.optional(),
  subtype: text.optional(),
  request_id: id.optional().catch(undefined),
  seamark: text.optional(),
})

const mcpServers: z.ZodType<readonly McpServerStatus[]> = z.array(
  z.looseObject({ name: text, status: text, error: text.optional().catch(undefined) }),
)

const begun: z.ZodType<Begun> = z.looseObject({
  session_id: id,
  claude_code_version: text.max(100),
  model: text.optional().catch(undefined),
  mcp_servers: mcpServers.optional().catch(undefined),
})

const retry: z.ZodType<Retry> = z.looseObject({
  attempt: count,
  max_retries: count,
  error_status: count.nullish().catch(undefined),
  error: text.optional().catch(undefined),
})

const usage = z.looseObject({
  inputTokens: count,
  outputTokens: count,
  cacheReadInputTokens: count.catch(0),
  cacheCreationInputTokens: count.catch(0),
  costUSD: z.number().min(0).catch(0),
})

const ended: z.ZodType<Ended> = z.looseObject({
  subtype: text,
  is_error: z.boolean(),
  result: text.optional().catch(undefined),
  stop_reason: text.nullish().catch(undefined),
  terminal_reason: text.optional().catch(undefined),
  api_error_status: count.nullish().catch(undefined),
  num_turns: count.optional().catch(undefined),
  errors: z.array(text).optional().catch(undefined),
  model_usage_since_last_result: z.record(text, usage).catch({}),
})

const part = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text }),
  z.looseObject({ type: z.literal('tool_use'), id, name: text, input: json }),
  z.looseObject({
    type: z.literal('tool_result'),
    tool_use_id: id,
    is_error: z.boolean().optional().catch(undefined),
    content: json.optional(),
  }),
])

const content = z.looseObject({ content: z.array(z.unknown()) })
const subtyped = z.looseObject({ subtype: text })
const toolAsked: z.ZodType<ToolAsked> = z.looseObject({ tool_name: text, tool_use_id: id, input: json })
const responded = z.looseObject({ subtype: text, request_id: id, error: text.optional().catch(undefined) })
const option = z.looseObject({ label: text, description: text.optional().catch(undefined) })
const questions = z.looseObject({
  questions: z.array(z.looseObject({ question: text, options: z.array(option).optional().catch(undefined) })),
})
const limit = z.looseObject({
  rate_limit_info: z.looseObject({ status: text, resetsAt: count.optional().catch(undefined) }),
})
const metas = z.array(z.looseObject({ id, permission_decision: z.looseObject({ decision: text }) }))

/** A line as a message; `undefined` where it is none. */
export const readMessage = (line: string): Message | undefined => envelope.safeParse(parsedLine(line)).data

/** What a message of either side holds; parts of other kinds are left out. */
export function readParts(message: unknown): readonly Part[] {
  const parts = content.safeParse(message).data?.content ?? []
  return parts.flatMap((one) => part.safeParse(one).data ?? [])
}

/** Each reads one kind of content; `undefined` where it is none. */
export const readBegun = (value: unknown): Begun | undefined => begun.safeParse(value).data
export const readRetry = (value: unknown): Retry | undefined => retry.safeParse(value).data
export const readEnded = (value: unknown): Ended | undefined => ended.safeParse(value).data
export const readToolAsked = (value: unknown): ToolAsked | undefined => toolAsked.safeParse(value).data
export const readSubtype = (value: unknown): string | undefined => subtyped.safeParse(value).data?.subtype
export const readResponse = (
  value: unknown,
): { readonly subtype: string; readonly request_id: string; readonly error?: string | undefined } | undefined =>
  responded.safeParse(value).data
export const readMcpStatus = (value: unknown): readonly McpServerStatus[] | undefined =>
  z.looseObject({ response: z.looseObject({ mcpServers }) }).safeParse(value).data?.response.mcpServers
export const readQuestions = (value: unknown): readonly Asking[] | undefined =>
  questions.safeParse(value).data?.questions
export const readLimit = (
  value: unknown,
): { readonly status: string; readonly resetsAt?: number | undefined } | undefined =>
  limit.safeParse(value).data?.rate_limit_info
/** Whether the program let a call be made, by the id of the call. */
export const wasMade = (value: unknown, of: string): boolean =>
  metas.safeParse(value).data?.find((one) => one.id === of)?.permission_decision.decision === 'accept'
