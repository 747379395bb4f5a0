import { effortIn } from '../json.ts'
import type { RequestView, ToolResult } from '../request-view.ts'
import { tokensOf, tokensOfArguments, tokensOfJson } from '../tokens.ts'
import { nameOf } from './check.ts'
import type { ChatBody, ChatCall, ChatMessage } from './request.ts'

const textsOfContent = ({ content }: ChatMessage): readonly string[] =>
  (content ?? []).map((part) => part.text ?? JSON.stringify(part))

const inputOf = (call: ChatCall): string => call.function?.arguments ?? call.custom?.input ?? ''

const callTokens = (call: ChatCall): number =>
  call.function ? tokensOfArguments(call.function.arguments) : tokensOf(call.custom?.input ?? '')

function messageTokens({ content, tool_calls: calls }: ChatMessage): number {
  return (
    (content ?? []).reduce(
      (sum, part) => sum + (typeof part.text === 'string' ? tokensOf(part.text) : tokensOfJson(part)),
      0,
    ) + (calls ?? []).reduce((sum, call) => sum + callTokens(call), 0)
  )
}

/** The tokens of a request, by the rule. */
export function chatTokens({ messages, tools }: ChatBody): number {
  return (
    (tools ?? []).reduce((sum, tool) => sum + tokensOfJson(tool), 0) +
    messages.reduce((sum, message) => sum + messageTokens(message), 0)
  )
}

/** What a body of the Chat Completions API says. */
export function chatView(body: ChatBody): RequestView {
  const isSystem = ({ role }: ChatMessage): boolean => role === 'system' || role === 'developer'
  const said = body.messages.filter((message) => !isSystem(message))
  const fresh = said.slice(said.findLastIndex(({ role }) => role === 'assistant') + 1)
  const names = new Map(
    said.flatMap(({ tool_calls: calls }) =>
      (calls ?? []).map((call) => [call.id, call.function?.name ?? call.custom?.name ?? ''] as const),
    ),
  )
  const textsOf = (message: ChatMessage): readonly string[] => [
    ...textsOfContent(message),
    ...(message.tool_calls ?? []).map(inputOf),
  ]
  const results = fresh
    .filter(({ role }) => role === 'tool')
    .map((message): ToolResult => {
      const tool = names.get(message.tool_call_id ?? '')
      return { ...(tool !== undefined && { tool }), text: textsOfContent(message).join('\n'), failed: false }
    })
  const most = body.max_completion_tokens ?? body.max_tokens
  return {
    api: 'openai.chat',
    model: body.model,
    stream: body.stream === true,
    ...effortIn({ effort: body.reasoning_effort }),
    ...(typeof most === 'number' && { maxTokens: most }),
    system: body.messages.filter(isSystem).flatMap(textsOfContent).join('\n'),
    texts: said.flatMap(textsOf),
    newTexts: fresh.flatMap(textsOf),
    results,
    tools: (body.tools ?? []).map((tool) => ({ name: nameOf(tool), custom: tool.type === 'custom' })),
    inputTokens: chatTokens(body),
  }
}
