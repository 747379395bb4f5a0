import { describe, expect, test } from 'vitest'
import { answerReader, METERING_LIMITS } from '../src/index.ts'
import type { AnswerHead, AnswerOutcome } from '../src/index.ts'
import { bytes, callOf } from './support.ts'

const CALL = callOf('api.anthropic.com', '/v1/messages', {
  model: 'claude-sonnet-4-5',
  max_tokens: 10,
  stream: true,
  messages: [],
})
const EVENTS: AnswerHead = { status: 200, contentType: 'text/event-stream' }
const JSON_HEAD: AnswerHead = { status: 200, contentType: 'application/json' }

function outcome(text: string, head: AnswerHead = EVENTS, whole = true): AnswerOutcome {
  const reader = answerReader(CALL, head)
  reader.push(bytes(text))
  return reader.end(whole)
}

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const start = (usage: unknown): string => event({ type: 'message_start', message: { usage } })
const delta = (usage: unknown): string => event({ type: 'message_delta', usage })
const STOP = event({ type: 'message_stop' })

describe('a stream', () => {
  test('with usage that goes down counts the most', () => {
    expect(
      outcome(start({ input_tokens: 50, output_tokens: 9 }) + delta({ input_tokens: 1, output_tokens: 3 }) + STOP),
    ).toMatchObject({ kind: 'usage', tokens: { input: 50, output: 9 } })
  })

  test.each([-1, 1.5, 1e15, Number.MAX_SAFE_INTEGER, METERING_LIMITS.tokens + 1, '7', true, [], {}])(
    'with a count of %j is not believed',
    (count) => {
      expect(outcome(start({ input_tokens: 1 }) + delta({ output_tokens: count }) + STOP)).toEqual({
        kind: 'reserved',
        why: 'bad-usage',
      })
    },
  )

  test('with a number that no double holds is not believed', () => {
    const text =
      start({ input_tokens: 1 }) + 'data: {"type":"message_delta","usage":{"output_tokens":1e999}}\n\n' + STOP
    expect(outcome(text)).toEqual({ kind: 'reserved', why: 'bad-usage' })
  })

  test.each([
    ['JSON that is none', 'data: {"type":"message_delta",\n\n'],
    ['a type too long to read', event({ type: 'x'.repeat(METERING_LIMITS.valueBytes) })],
    ['an empty event', 'data:\n\n'],
  ])('with %s in it settles at the reservation', (_, text) => {
    const sound = start({ input_tokens: 1 }) + delta({ output_tokens: 2 }) + STOP
    expect(outcome(sound).kind).toBe('usage')
    expect(outcome(text + sound)).toEqual({ kind: 'reserved', why: 'unreadable' })
    expect(outcome(sound + text)).toEqual({ kind: 'reserved', why: 'unreadable' })
  })

  test('without its start, its usage or its end is cut', () => {
    const parts = [start({ input_tokens: 1 }), delta({ output_tokens: 2 }), STOP]
    for (const left of parts) {
      const text = parts.filter((part) => part !== left).join('')
      expect(outcome(text)).toEqual({ kind: 'reserved', why: 'cut' })
    }
  })

  test('is read in memory that does not grow: a line of 20 MB, an event without end', () => {
    const reader = answerReader(CALL, EVENTS)
    const piece = new Uint8Array(1024 * 1024).fill(0x61)
    reader.push(bytes(`${start({ input_tokens: 1 })}data: {"type":"content_block_delta","delta":"`))
    globalThis.gc?.()
    const before = process.memoryUsage().rss
    for (let i = 0; i < 20; i++) reader.push(piece)
    reader.push(bytes(`"}\n\n${delta({ output_tokens: 2 })}${STOP}data: `))
    for (let i = 0; i < 200; i++) reader.push(piece)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
    // The event without end is none: the stream had said its last word.
    expect(reader.end(false)).toMatchObject({ kind: 'usage', tokens: { input: 1, output: 2 } })
  })

  test('with lines of names and a name without end holds nothing of them', () => {
    const reader = answerReader(CALL, EVENTS)
    for (let i = 0; i < 50; i++) reader.push(new Uint8Array(1024 * 1024).fill(0x62))
    expect(reader.end(true)).toEqual({ kind: 'reserved', why: 'cut' })
  })
})

describe('the head of an answer', () => {
  const whole = JSON.stringify({ usage: { input_tokens: 3, output_tokens: 4 } })

  test.each([400, 401, 403, 404, 413, 429, 500, 503, 529])('with status %d is free', (status) => {
    expect(outcome(whole, { ...JSON_HEAD, status })).toEqual({ kind: 'free' })
  })

  test.each([201, 204, 302, 408, 499, 502, 504])('with status %d settles at the reservation', (status) => {
    expect(outcome(whole, { ...JSON_HEAD, status })).toEqual({ kind: 'reserved', why: 'unreadable' })
  })

  test('with an encoding or another type settles at the reservation', () => {
    for (const head of [
      { ...JSON_HEAD, contentEncoding: 'gzip' },
      { status: 200 },
      { status: 200, contentType: 'text/html' },
      { status: 200, contentType: 'application/vnd.amazon.eventstream' },
    ])
      expect(outcome(whole, head)).toEqual({ kind: 'reserved', why: 'unreadable' })
  })

  test('of a document: a whole one counts, one that was cut or has no usage does not', () => {
    expect(outcome(whole, JSON_HEAD)).toMatchObject({ kind: 'usage', tokens: { input: 3, output: 4 } })
    expect(outcome(whole, JSON_HEAD, false)).toEqual({ kind: 'reserved', why: 'cut' })
    expect(outcome(whole.slice(0, -1), JSON_HEAD)).toEqual({ kind: 'reserved', why: 'cut' })
    expect(outcome('{"usage":null}', JSON_HEAD)).toEqual({ kind: 'reserved', why: 'no-usage' })
  })
})

test.each([
  [
    'api.anthropic.com',
    '/v1/messages',
    { model: 'm', max_tokens: 10, messages: [] },
    { usage: { output_tokens: 5, output_tokens_details: { thinking_tokens: 6 } } },
  ],
  [
    'api.openai.com',
    '/v1/responses',
    { model: 'm', input: '' },
    { usage: { input_tokens: 5, input_tokens_details: { cached_tokens: 6 } } },
  ],
  [
    'api.openai.com',
    '/v1/responses',
    { model: 'm', input: '' },
    { usage: { output_tokens: 5, output_tokens_details: { reasoning_tokens: 6 } } },
  ],
  [
    'api.openai.com',
    '/v1/chat/completions',
    { model: 'm', messages: [] },
    { usage: { prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 6 } } },
  ],
  [
    'aiplatform.googleapis.com',
    '/v1/projects/p/locations/global/publishers/google/models/m:generateContent',
    { contents: [] },
    {
      candidates: [{ finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 5, cachedContentTokenCount: 6 },
    },
  ],
  [
    'bedrock-runtime.us-east-1.amazonaws.com',
    '/model/m/converse',
    { messages: [] },
    {
      usage: { inputTokens: 5, outputTokens: 1, cacheDetails: [{ ttl: '5m', inputTokens: -1 }] },
    },
  ],
])('a part that is more than its whole, or a count that is none, is not believed: %#', (host, path, body, answer) => {
  const reader = answerReader(callOf(host, path, body), JSON_HEAD)
  reader.push(bytes(JSON.stringify(answer)))
  expect(reader.end(true)).toEqual({ kind: 'reserved', why: 'bad-usage' })
})

test('what was written to a cache without saying for how long has the longest life that was asked for', () => {
  const usage = { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 100 }
  const message = (ttl: string): unknown => ({
    model: 'claude-sonnet-4-5',
    max_tokens: 10,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl } }] }],
  })
  for (const [ttl, kind] of [
    ['5m', 'cacheWrite5m'],
    ['1h', 'cacheWrite1h'],
  ] as const) {
    const reader = answerReader(callOf('api.anthropic.com', '/v1/messages', message(ttl)), JSON_HEAD)
    reader.push(bytes(JSON.stringify({ usage })))
    expect(reader.end(true)).toMatchObject({ kind: 'usage', tokens: { [kind]: 100 } })
  }
})
