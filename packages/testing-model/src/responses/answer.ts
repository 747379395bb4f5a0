import type { TokenCounts } from '@seamark/core'
import { deltasOf } from '../reply.ts'
import type { Reply, ReplyPart } from '../reply.ts'
import type { StreamSpec } from '../script.ts'
import type { SseEvent } from '../sse.ts'
import type { ResponsesBody } from './request.ts'

function usageOf({ input, cacheRead, output, reasoning }: TokenCounts): object {
  return {
    input_tokens: input + cacheRead,
    input_tokens_details: { cached_tokens: cacheRead },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + cacheRead + output,
  }
}

const argumentsOf = (part: Extract<ReplyPart, { kind: 'tool' }>): string =>
  part.custom && typeof part.input === 'string' ? part.input : JSON.stringify(part.input)

const textPart = (text: string): object => ({ type: 'output_text', text, annotations: [], logprobs: [] })

const PREFIX = { text: 'msg', thinking: 'rs', tool: 'fc', custom: 'ctc' } as const

const itemId = (reply: Reply, part: ReplyPart, index: number): string =>
  `${PREFIX[part.kind === 'tool' && part.custom ? 'custom' : part.kind]}_${reply.id}${index}`

/** An item of the output; `done` is false for the one with which a stream begins it. */
function itemOf(part: ReplyPart, id: string, done: boolean): object {
  const status = done ? 'completed' : 'in_progress'
  if (part.kind === 'text')
    return { id, type: 'message', status, role: 'assistant', content: done ? [textPart(part.text)] : [] }
  if (part.kind === 'thinking')
    return {
      id,
      type: 'reasoning',
      summary: done ? [{ type: 'summary_text', text: part.text }] : [],
      encrypted_content: Buffer.from(part.text, 'utf8').toString('base64'),
    }
  const { name, namespace, id: call } = part
  const said = done ? argumentsOf(part) : ''
  const where = namespace === undefined ? {} : { namespace }
  return part.custom
    ? { id, type: 'custom_tool_call', status, call_id: call, name, ...where, input: said }
    : { id, type: 'function_call', status, call_id: call, name, ...where, arguments: said }
}

/** The items of an answer, as they are sent and as they are stored. */
export function outputOf(reply: Reply): readonly object[] {
  return reply.parts.map((part, index) => itemOf(part, itemId(reply, part, index), true))
}

function responseOf(reply: Reply, body: ResponsesBody, status: string, more: object): object {
  const given = (name: string, otherwise: unknown): unknown => body[name] ?? otherwise
  return {
    id: `resp_${reply.id}`,
    object: 'response',
    created_at: reply.createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: given('instructions', null),
    max_output_tokens: given('max_output_tokens', null),
    model: reply.model,
    output: [],
    parallel_tool_calls: given('parallel_tool_calls', true),
    previous_response_id: given('previous_response_id', null),
    reasoning: given('reasoning', { effort: null, summary: null }),
    service_tier: 'default',
    store: given('store', true),
    temperature: given('temperature', 1),
    text: given('text', { format: { type: 'text' } }),
    tool_choice: given('tool_choice', 'auto'),
    tools: given('tools', []),
    top_p: given('top_p', 1),
    truncation: given('truncation', 'disabled'),
    usage: null,
    metadata: given('metadata', {}),
    ...more,
  }
}

/** The body of an answer that is not streamed. */
export function responsesJson(reply: Reply, body: ResponsesBody): object {
  const reason = { length: 'max_output_tokens', refusal: 'content_filter', end: undefined, tool: undefined }[reply.stop]
  return responseOf(reply, body, reason === undefined ? 'completed' : 'incomplete', {
    ...(reason !== undefined && { incomplete_details: { reason } }),
    output: outputOf(reply),
    usage: usageOf(reply.usage),
  })
}

type Event = Readonly<Record<string, unknown>> & { readonly type: string }

function partEvents(part: ReplyPart, id: string, index: number, characters: number): readonly Event[] {
  const at = { item_id: id, output_index: index }
  const around = (inner: readonly Event[]): readonly Event[] => [
    { type: 'response.output_item.added', output_index: index, item: itemOf(part, id, false) },
    ...inner,
    { type: 'response.output_item.done', output_index: index, item: itemOf(part, id, true) },
  ]
  if (part.kind === 'text') {
    const within = { ...at, content_index: 0 }
    return around([
      { type: 'response.content_part.added', ...within, part: textPart('') },
      ...deltasOf(part.text, characters).map((delta) => ({
        type: 'response.output_text.delta',
        ...within,
        delta,
        logprobs: [],
      })),
      { type: 'response.output_text.done', ...within, text: part.text, logprobs: [] },
      { type: 'response.content_part.done', ...within, part: textPart(part.text) },
    ])
  }
  if (part.kind === 'thinking') {
    const within = { ...at, summary_index: 0 }
    const type = 'response.reasoning_summary_text'
    return around([
      { type: 'response.reasoning_summary_part.added', ...within, part: { type: 'summary_text', text: '' } },
      ...deltasOf(part.text, characters).map((delta) => ({ type: `${type}.delta`, ...within, delta })),
      { type: `${type}.done`, ...within, text: part.text },
      { type: 'response.reasoning_summary_part.done', ...within, part: { type: 'summary_text', text: part.text } },
    ])
  }
  const said = argumentsOf(part)
  const type = part.custom ? 'response.custom_tool_call_input' : 'response.function_call_arguments'
  return around([
    ...deltasOf(said, characters).map((delta) => ({ type: `${type}.delta`, ...at, delta })),
    { type: `${type}.done`, ...at, ...(part.custom ? { input: said } : { arguments: said, name: part.name }) },
  ])
}

/** Events with their numbers. The name of each is its type. */
export function numbered(events: readonly Event[]): readonly SseEvent[] {
  return events.map(({ type, ...more }, index) => ({
    event: type,
    data: { type, sequence_number: index, ...more },
  }))
}

/** The first events of a stream. */
export function responsesOpening(reply: Reply, body: ResponsesBody): readonly Event[] {
  const response = responseOf(reply, body, 'in_progress', {})
  return [
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
  ]
}

/** A response that failed in a stream. */
export function failedResponse(reply: Reply, body: ResponsesBody, error: object): Event {
  return { type: 'response.failed', response: responseOf(reply, body, 'failed', { error }) }
}

/** The events of a stream, in the order of https://developers.openai.com/api/docs/guides/streaming-responses. */
export function responsesEvents(
  reply: Reply,
  body: ResponsesBody,
  { deltaCharacters = 24 }: StreamSpec,
): readonly SseEvent[] {
  const ended = reply.stop === 'length' || reply.stop === 'refusal' ? 'response.incomplete' : 'response.completed'
  return numbered([
    ...responsesOpening(reply, body),
    ...reply.parts.flatMap((part, index) => partEvents(part, itemId(reply, part, index), index, deltaCharacters)),
    { type: ended, response: responsesJson(reply, body) },
  ])
}
