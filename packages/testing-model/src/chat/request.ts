import { z } from 'zod'
import { maybe, partsOrText } from '../shape.ts'

type Maybe<T> = T | null | undefined

export interface ChatCall {
  readonly id: string
  readonly function?: Maybe<{ readonly name: string; readonly arguments: string }>
  readonly custom?: Maybe<{ readonly name: string; readonly input: string }>
}

export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly content?: Maybe<readonly { readonly type: string; readonly text?: Maybe<string> }[]>
  readonly tool_calls?: Maybe<readonly ChatCall[]>
  readonly tool_call_id?: Maybe<string>
}

export interface ChatTool {
  readonly type: string
  readonly function?: Maybe<{ readonly name: string }>
  readonly custom?: Maybe<{ readonly name: string }>
}

/** A body of the Chat Completions API, with every content as parts. */
export interface ChatBody {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream?: Maybe<boolean>
  readonly reasoning_effort?: unknown
  readonly stream_options?: Maybe<{ readonly include_usage?: Maybe<boolean> }>
  readonly max_tokens?: Maybe<number>
  readonly max_completion_tokens?: Maybe<number>
  readonly n?: Maybe<number>
  readonly tools?: Maybe<readonly ChatTool[]>
  readonly tool_choice?: Maybe<string | { readonly type: string; readonly function?: Maybe<{ readonly name: string }> }>
}

// Field names: https://developers.openai.com/api/reference/resources/chat
const part = z.looseObject({ type: z.string(), text: maybe(z.string()) })

const call = z.looseObject({
  id: z.string(),
  type: z.enum(['function', 'custom']),
  function: maybe(z.looseObject({ name: z.string(), arguments: z.string() })),
  custom: maybe(z.looseObject({ name: z.string(), input: z.string() })),
})

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: maybe(partsOrText(part, (text) => ({ type: 'text', text }))),
  tool_calls: maybe(z.array(call)),
  tool_call_id: maybe(z.string()),
})

const named = z.looseObject({ name: z.string() })

const body = z.looseObject({
  model: z.string(),
  messages: z.array(message),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.looseObject({ include_usage: maybe(z.boolean()) })),
  max_tokens: maybe(z.int()),
  max_completion_tokens: maybe(z.int()),
  n: maybe(z.int()),
  tools: maybe(z.array(z.looseObject({ type: z.string(), function: maybe(named), custom: maybe(named) }))),
  tool_choice: maybe(z.union([z.string(), z.looseObject({ type: z.string(), function: maybe(named) })])),
  temperature: maybe(z.number().min(0).max(2)),
})

export const chatBody: z.ZodType<ChatBody> = body
