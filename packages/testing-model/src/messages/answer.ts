import type { TokenCounts } from '@seamark/core'
import { deltasOf } from '../reply.ts'
import type { Reply, ReplyPart } from '../reply.ts'
import type { Stop, StreamSpec } from '../script.ts'
import type { SseEvent } from '../sse.ts'
import { signatureOf } from './signature.ts'

const STOPS: Readonly<Record<Stop, string>> = {
  end: 'end_turn',
  tool: 'tool_use',
  length: 'max_tokens',
  refusal: 'refusal',
}

function usageMembers(usage: TokenCounts): object {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
  }
}

function usageOf(usage: TokenCounts, output: number): object {
  return {
    ...usageMembers(usage),
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite5m,
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
    },
    output_tokens: output,
    output_tokens_details: { thinking_tokens: Math.min(output, usage.reasoning) },
    service_tier: 'standard',
  }
}

function blockOf(part: ReplyPart): object {
  if (part.kind === 'text') return { type: 'text', text: part.text }
  if (part.kind === 'thinking') return { type: 'thinking', thinking: part.text, signature: signatureOf(part.text) }
  return { type: 'tool_use', id: part.id, name: part.name, input: part.input }
}

function message(reply: Reply): object {
  return { id: `msg_${reply.id}`, type: 'message', role: 'assistant', model: reply.model }
}

/** The body of an answer that is not streamed. */
export function messagesJson(reply: Reply): object {
  return {
    ...message(reply),
    content: reply.parts.map(blockOf),
    stop_reason: STOPS[reply.stop],
    stop_sequence: null,
    usage: usageOf(reply.usage, reply.usage.output),
  }
}

function partEvents(part: ReplyPart, index: number, characters: number): readonly object[] {
  const delta = (more: object): object => ({ type: 'content_block_delta', index, delta: more })
  const start = (block: object): object => ({ type: 'content_block_start', index, content_block: block })
  const stop = { type: 'content_block_stop', index }
  if (part.kind === 'text')
    return [
      start({ type: 'text', text: '' }),
      ...deltasOf(part.text, characters).map((text) => delta({ type: 'text_delta', text })),
      stop,
    ]
  if (part.kind === 'thinking')
    return [
      start({ type: 'thinking', thinking: '', signature: '' }),
      ...deltasOf(part.text, characters).map((thinking) => delta({ type: 'thinking_delta', thinking })),
      delta({ type: 'signature_delta', signature: signatureOf(part.text) }),
      stop,
    ]
  const pieces = deltasOf(JSON.stringify(part.input), characters)
  return [
    start({ type: 'tool_use', id: part.id, name: part.name, input: {} }),
    // The API begins with an empty one.
    ...['', ...pieces].map((json) => delta({ type: 'input_json_delta', partial_json: json })),
    stop,
  ]
}

/** The events of a stream, in the order of https://platform.claude.com/docs/en/build-with-claude/streaming. */
export function messagesEvents(reply: Reply, { deltaCharacters = 24, ping = true }: StreamSpec): readonly SseEvent[] {
  const { usage } = reply
  const start = {
    type: 'message_start',
    message: {
      ...message(reply),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: usageOf(usage, Math.min(1, usage.output)),
    },
  }
  const parts = reply.parts.flatMap((part, index) => partEvents(part, index, deltaCharacters))
  const pings = ping ? [{ type: 'ping' }] : []
  const events = [
    start,
    ...parts.slice(0, 1),
    ...pings,
    ...parts.slice(1),
    {
      type: 'message_delta',
      delta: { stop_reason: STOPS[reply.stop], stop_sequence: null },
      usage: {
        ...usageMembers(usage),
        output_tokens: usage.output,
        output_tokens_details: { thinking_tokens: usage.reasoning },
      },
    },
    { type: 'message_stop' },
  ]
  return events.map((data) => ({ event: 'type' in data ? String(data.type) : '', data }))
}
