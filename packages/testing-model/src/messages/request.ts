import { z } from 'zod'
import { maybe, partsOrText } from '../shape.ts'

export interface Block {
  readonly type: string
  readonly [member: string]: unknown
}

export interface Message {
  readonly role: 'user' | 'assistant' | 'system'
  readonly content: readonly Block[]
}

/** A body of the Messages API, with every content as blocks. */
export interface MessagesBody {
  readonly model: string
  readonly messages: readonly Message[]
  readonly system?: readonly { readonly text: string }[] | null | undefined
  readonly max_tokens: number
  readonly stream?: boolean | null | undefined
  readonly temperature?: number | null | undefined
  readonly tools?: readonly Tool[] | null | undefined
  readonly tool_choice?: { readonly type: string; readonly name?: string | null | undefined } | null | undefined
  readonly output_config?: unknown
  readonly thinking?: { readonly type: string; readonly budget_tokens?: number | null | undefined } | null | undefined
}

interface Tool {
  readonly type?: string | null | undefined
  readonly name: string
  readonly input_schema?: unknown
}

// Field names: https://platform.claude.com/docs/en/api/messages
const text = z.looseObject({ type: z.literal('text'), text: z.string() })
const blocks = partsOrText(z.looseObject({ type: z.string() }), (value) => ({ type: 'text', text: value }))

const message = z.looseObject({
  role: z.enum(['user', 'assistant', 'system'], "Input should be 'user', 'assistant' or 'system'"),
  content: blocks,
})

const body = z.looseObject({
  model: z.string(),
  messages: z.array(message),
  system: maybe(partsOrText(text, (value) => ({ type: 'text', text: value }))),
  max_tokens: z.int(),
  stream: maybe(z.boolean()),
  tools: maybe(
    z.array(z.looseObject({ type: maybe(z.string()), name: z.string(), input_schema: z.unknown().optional() })),
  ),
  tool_choice: maybe(z.looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']), name: maybe(z.string()) })),
  thinking: maybe(z.looseObject({ type: z.string(), budget_tokens: maybe(z.int()) })),
  temperature: maybe(z.number().min(0).max(1)),
})

export const messagesBody: z.ZodType<MessagesBody> = body

/** A body of `count_tokens`: it says no `max_tokens`. */
export const countBody: z.ZodType<MessagesBody> = body.extend({ max_tokens: z.int().default(1) })

/** What blocks of each type have to have. Others are taken as they are. */
export const BLOCKS: Readonly<Record<string, z.ZodType>> = {
  text,
  tool_use: z.looseObject({ id: z.string(), name: z.string(), input: z.looseObject({}) }),
  tool_result: z.looseObject({
    tool_use_id: z.string(),
    content: maybe(blocks),
    is_error: maybe(z.boolean()),
  }),
  thinking: z.looseObject({ thinking: z.string(), signature: z.string() }),
  redacted_thinking: z.looseObject({ data: z.string() }),
  image: z.looseObject({ source: z.looseObject({ type: z.string() }) }),
  document: z.looseObject({ source: z.looseObject({ type: z.string() }) }),
}

/** Types of blocks that are passed on unread: of tools that run at the provider, of searches, of files. */
export const OTHER_BLOCKS: ReadonlySet<string> = new Set([
  'search_result',
  'server_tool_use',
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
  'mcp_tool_use',
  'mcp_tool_result',
  'container_upload',
  'compaction',
])

/** The members of a body, those of betas included. */
export const MEMBERS: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'metadata',
  'stop_sequences',
  'stream',
  'temperature',
  'top_k',
  'top_p',
  'thinking',
  'tool_choice',
  'tools',
  'output_config',
  'output_format',
  'cache_control',
  'service_tier',
  'context_management',
  'container',
  'mcp_servers',
  'inference_geo',
  'speed',
  'diagnostics',
  'user_profile_id',
  'workspace_id',
  'compaction',
  'fallbacks',
  'fallback_credit_token',
  'billing_policy',
  'thread',
])
