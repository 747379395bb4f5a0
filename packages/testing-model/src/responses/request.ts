import { z } from 'zod'
import { maybe, partsOrText } from '../shape.ts'

// Field names: https://developers.openai.com/api/reference/resources/responses
const part = z.looseObject({ type: z.string(), text: maybe(z.string()) })
const item = z.looseObject({ type: maybe(z.string()), role: maybe(z.string()) })

const tool: z.ZodType<ResponsesTool> = z.lazy(() =>
  z.looseObject({ type: z.string(), name: maybe(z.string()), tools: maybe(z.array(tool)) }),
)

/** A tool, or a group of them. */
export interface ResponsesTool {
  readonly type: string
  readonly name?: string | null | undefined
  readonly tools?: readonly ResponsesTool[] | null | undefined
}

export interface Item {
  readonly type?: string | null | undefined
  readonly role?: string | null | undefined
  readonly [member: string]: unknown
}

/** A body of the Responses API, with its input as a list. */
export interface ResponsesBody {
  readonly model: string
  readonly input: readonly Item[]
  readonly instructions?: string | null | undefined
  readonly stream?: boolean | null | undefined
  readonly store?: boolean | null | undefined
  readonly max_output_tokens?: number | null | undefined
  readonly previous_response_id?: string | null | undefined
  readonly tools?: readonly ResponsesTool[] | null | undefined
  readonly tool_choice?:
    string | { readonly type: string; readonly name?: string | null | undefined } | null | undefined
  readonly background?: boolean | null | undefined
  readonly [member: string]: unknown
}

const body = z.looseObject({
  model: z.string(),
  input: partsOrText(item, (content) => ({ type: 'message', role: 'user', content })),
  instructions: maybe(z.string()),
  stream: maybe(z.boolean()),
  store: maybe(z.boolean()),
  max_output_tokens: maybe(z.int()),
  previous_response_id: maybe(z.string()),
  tools: maybe(z.array(tool)),
  tool_choice: maybe(z.union([z.string(), z.looseObject({ type: z.string(), name: maybe(z.string()) })])),
  include: maybe(z.array(z.string())),
  background: maybe(z.boolean()),
})

export const responsesBody: z.ZodType<ResponsesBody> = body

export const messageContent: z.ZodType<readonly { readonly type: string }[]> = partsOrText(part, (text) => ({
  type: 'input_text',
  text,
}))

/** The type of an item; a message need not say its own. */
export const typeOf = (one: Item): string => one.type ?? (one.role === undefined ? '' : 'message')

/** Calls, by the type of what answers them. */
export const OUTPUT_OF: Readonly<Record<string, string>> = {
  function_call: 'function_call_output',
  custom_tool_call: 'custom_tool_call_output',
  local_shell_call: 'local_shell_call_output',
  shell_call: 'shell_call_output',
  apply_patch_call: 'apply_patch_call_output',
}

export const OUTPUTS: ReadonlySet<string> = new Set(Object.values(OUTPUT_OF))

/** Items that are passed on unread. */
export const OTHER_ITEMS: ReadonlySet<string> = new Set([
  'reasoning',
  'item_reference',
  'compaction',
  'additional_tools',
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'image_generation_call',
  'tool_search_call',
  'tool_search_output',
  'mcp_call',
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
])
