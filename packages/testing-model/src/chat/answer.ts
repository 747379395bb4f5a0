import type { TokenCounts } from '@seamark/core'
import { deltasOf } from '../reply.ts'
import type { Reply, ReplyPart } from '../reply.ts'
import type { Stop, StreamSpec } from '../script.ts'
import type { SseEvent } from '../sse.ts'
import type { ChatBody } from './request.ts'

const STOPS: Readonly<Record<Stop, string>> = {
  end: 'stop',
  tool: 'tool_calls',
  length: 'length',
  refusal: 'content_filter',
}

function usageOf({ input, cacheRead, output, reasoning }: TokenCounts): object {
  return {
    prompt_tokens: input + cacheRead,
    completion_tokens: output,
    total_tokens: input + cacheRead + output,
    prompt_tokens_details: { cached_tokens: cacheRead, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

type Tool = Extract<ReplyPart, { kind: 'tool' }>

const toolsOf = (reply: Reply): readonly Tool[] => reply.parts.filter((part): part is Tool => part.kind === 'tool')

/** The text of all parts: a message has one content. */
const textOf = (reply: Reply): string =>
  reply.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('')

function callOf(tool: Tool, said: string): object {
  const { id, name, custom } = tool
  return custom
    ? { id, type: 'custom', custom: { name, input: said } }
    : { id, type: 'function', function: { name, arguments: said } }
}

const inputOf = ({ custom, input }: Tool): string =>
  custom && typeof input === 'string' ? input : JSON.stringify(input)

/** The body of an answer that is not streamed. */
export function chatJson(reply: Reply): object {
  const tools = toolsOf(reply)
  const content = textOf(reply)
  return {
    id: `chatcmpl-${reply.id}`,
    object: 'chat.completion',
    created: reply.createdAt,
    model: reply.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: content === '' && tools.length > 0 ? null : content,
          ...(tools.length > 0 && { tool_calls: tools.map((tool) => callOf(tool, inputOf(tool))) }),
          refusal: null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: STOPS[reply.stop],
      },
    ],
    usage: usageOf(reply.usage),
    service_tier: 'default',
    system_fingerprint: null,
  }
}

/** The chunks of a stream, and the word with which it ends. */
export function chatEvents(reply: Reply, body: ChatBody, { deltaCharacters = 24 }: StreamSpec): readonly SseEvent[] {
  const counts = body.stream_options?.include_usage === true
  const chunk = (choices: readonly object[], usage: object | null = null): SseEvent => ({
    data: {
      id: `chatcmpl-${reply.id}`,
      object: 'chat.completion.chunk',
      created: reply.createdAt,
      model: reply.model,
      service_tier: 'default',
      system_fingerprint: null,
      choices,
      ...(counts && { usage }),
    },
  })
  const step = (delta: object, finish: string | null = null): SseEvent =>
    chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }])
  const content = textOf(reply)
  const tools = toolsOf(reply)
  const called = tools.flatMap((tool, index) => [
    step({ tool_calls: [{ index, ...callOf(tool, '') }] }),
    ...deltasOf(inputOf(tool), deltaCharacters).map((piece) =>
      step({
        tool_calls: [{ index, ...(tool.custom ? { custom: { input: piece } } : { function: { arguments: piece } }) }],
      }),
    ),
  ])
  return [
    step({ role: 'assistant', content: content === '' && tools.length > 0 ? null : '', refusal: null }),
    ...(content === '' ? [] : deltasOf(content, deltaCharacters).map((piece) => step({ content: piece }))),
    ...called,
    step({}, STOPS[reply.stop]),
    ...(counts ? [chunk([], usageOf(reply.usage))] : []),
    { data: '[DONE]' },
  ]
}
