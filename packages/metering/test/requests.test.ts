import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { METERING_LIMITS, readRequest } from '../src/index.ts'
import {
  ANTHROPIC,
  BEDROCK,
  bytes,
  callOf,
  chat,
  CHAT,
  converse,
  CONVERSE,
  generate,
  GENERATE,
  input,
  message,
  OPTIONS,
  read,
  requestOf,
  RESPONSES,
  sent,
  VERTEX,
} from './support.ts'

describe('the API and model', () => {
  const vertex = (rest: string): string => `/v1/projects/p-1/locations/us-east5/publishers/${rest}`
  test.each([
    [...ANTHROPIC, message, { api: 'anthropic.messages', provider: 'anthropic', model: 'claude-sonnet-4-5' }],
    ['api.anthropic.com', '/v1/messages?beta=true', message, { api: 'anthropic.messages' }],
    [...RESPONSES, input, { api: 'openai.responses', provider: 'openai', model: 'gpt-5-mini' }],
    [...CHAT, chat, { api: 'openai.chat', stream: false }],
    [...CHAT, { ...chat, stream: true }, { stream: true }],
    [
      ...CONVERSE,
      converse,
      { api: 'bedrock.converse', model: 'global.anthropic.claude-sonnet-4-5-20250929-v1:0', stream: false },
    ],
    [
      BEDROCK,
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123%3Aapplication-inference-profile%2Fabc/converse-stream',
      converse,
      {
        model: 'arn:aws:bedrock:us-east-1:123:application-inference-profile/abc',
        stream: true,
      },
    ],
    [
      BEDROCK,
      '/model/anthropic.claude-3-haiku-20240307-v1:0/invoke',
      { ...message, anthropic_version: 'bedrock-2023-05-31' },
      {
        api: 'bedrock.invoke',
        model: 'anthropic.claude-3-haiku-20240307-v1:0',
      },
    ],
    ['chatgpt.com', '/backend-api/codex/responses', input, { api: 'openai.responses' }],
    [...GENERATE, generate, { api: 'vertex.generate', model: 'gemini-2.5-pro', location: 'global', stream: false }],
    [
      'us-east5-aiplatform.googleapis.com',
      vertex('anthropic/models/claude-sonnet-4-5@20250929:rawPredict'),
      message,
      {
        api: 'vertex.anthropic',
        model: 'claude-sonnet-4-5@20250929',
        location: 'us-east5',
      },
    ],
  ] as const)('of %s%s', (host, path, body, expected) => {
    expect(callOf(host, path, body)).toMatchObject(expected)
  })

  test.each([
    ['GET', 'api.openai.com', '/v1/models', {}, 'free'],
    ['POST', 'chatgpt.com', '/backend-api/conversation', {}, 'unknown'],
    ['POST', 'api.anthropic.com', '/v1/messages/count_tokens', {}, 'free'],
    ['POST', 'api.openai.com', '/v1/responses/resp_1/cancel', {}, 'free'],
    ['GET', 'api.openai.com', '/v1/responses', { upgrade: 'websocket' }, 'unknown'],
    ['POST', 'api.anthropic.com', '/v1/messages/batches', {}, 'unknown'],
    ['POST', 'api.anthropic.com', '//v1/messages', {}, 'unknown'],
    ['POST', 'api.anthropic.com', '/v1/x/../messages', {}, 'unknown'],
    ['POST', 'api.anthropic.com', '/v1/%6dessages', {}, 'unknown'],
    ['PUT', 'api.anthropic.com', '/v1/messages', {}, 'unknown'],
    ['POST', 'api.anthropic.com.evil.example', '/v1/messages', {}, 'unknown'],
    ['POST', BEDROCK, '/model/a%2Fb%00/converse', {}, 'unknown'],
    ['POST', BEDROCK, '/model/%zz/converse', {}, 'unknown'],
    ['POST', VERTEX, '/v1/projects/p/locations/l/publishers/meta/models/llama:rawPredict', {}, 'unknown'],
  ])('%s %s%s %j is %s', (method, host, path, headers, kind) => {
    expect(read(host, path, message, { method, headers })).toEqual({ kind })
  })

  test('of a host that the deployment names', () => {
    const request = requestOf('models.internal', '/v1/messages', message)
    expect(readRequest(request, OPTIONS)).toEqual({ kind: 'unknown' })
    expect(readRequest(request, { ...OPTIONS, hosts: { 'models.internal': 'anthropic' } }).kind).toBe('call')
    expect(readRequest(requestOf('constructor', '/v1/messages', message), { ...OPTIONS, hosts: {} })).toEqual({
      kind: 'unknown',
    })
  })
})

describe('the most tokens of an answer', () => {
  test.each([
    [ANTHROPIC, message, 100, '/max_tokens', undefined],
    [ANTHROPIC, { ...message, max_tokens: 5000 }, 4096, '/max_tokens', 5000],
    [RESPONSES, { ...input, max_output_tokens: 9000 }, 4096, '/max_output_tokens', 9000],
    [CHAT, { ...chat, max_completion_tokens: 7 }, 7, '/max_completion_tokens', undefined],
    [CHAT, { ...chat, max_tokens: 9999 }, 4096, '/max_tokens', 9999],
    [
      CONVERSE,
      { ...converse, inferenceConfig: { maxTokens: 9999, temperature: 0 } },
      4096,
      '/inferenceConfig/maxTokens',
      9999,
    ],
    [
      GENERATE,
      { ...generate, generationConfig: { maxOutputTokens: 9999 } },
      4096,
      '/generationConfig/maxOutputTokens',
      9999,
    ],
  ] as const)('is what was asked for, lowered where it is too much: %#', ([host, path], body, most, pointer, from) => {
    const call = callOf(host, path, body)
    expect(call.maxOutputTokens).toBe(most)
    const change = call.changes.find((one) => one.pointer === pointer)
    expect(change).toEqual(from === undefined ? undefined : { pointer, from, to: 4096 })
    expect(at(sent(call), pointer)).toBe(most)
  })

  test.each([
    [ANTHROPIC, { model: 'claude-sonnet-4-5', messages: [] }, '/max_tokens'],
    [RESPONSES, input, '/max_output_tokens'],
    [RESPONSES, { ...input, max_output_tokens: null }, '/max_output_tokens'],
    [CHAT, chat, '/max_completion_tokens'],
    [CONVERSE, converse, '/inferenceConfig/maxTokens'],
    [CONVERSE, { ...converse, inferenceConfig: {} }, '/inferenceConfig/maxTokens'],
    [CONVERSE, { ...converse, inferenceConfig: null }, '/inferenceConfig/maxTokens'],
    [GENERATE, generate, '/generationConfig/maxOutputTokens'],
    [GENERATE, { ...generate, generationConfig: { temperature: 1 } }, '/generationConfig/maxOutputTokens'],
  ] as const)('is set where it was not said: %#', ([host, path], body, pointer) => {
    const call = callOf(host, path, body)
    expect(call.maxOutputTokens).toBe(4096)
    expect(call.changes.map((change) => change.pointer)).toContain(pointer)
    expect(at(sent(call), pointer)).toBe(4096)
    const { ...rest } = sent(call) as Record<string, unknown>
    for (const [name, value] of Object.entries(body))
      if (!pointer.startsWith(`/${name}`)) expect(rest[name]).toEqual(value)
  })

  test('is the larger where it is said under two names', () => {
    expect(callOf(...CHAT, { ...chat, max_tokens: 50, max_completion_tokens: 10 }).maxOutputTokens).toBe(50)
    expect(callOf(...CHAT, { ...chat, max_tokens: 10, max_completion_tokens: 50 }).maxOutputTokens).toBe(50)
    expect(callOf(...CHAT, { ...chat, max_tokens: 10, max_completion_tokens: 5000 }).maxOutputTokens).toBe(4096)
  })

  test('counts every choice', () => {
    expect(callOf(...CHAT, { ...chat, n: 3, max_tokens: 10 }).maxOutputTokens).toBe(30)
    expect(callOf(...GENERATE, { ...generate, generationConfig: { candidateCount: 2 } }).maxOutputTokens).toBe(8192)
  })

  test.each([0, -1, 1.5, '100', true, {}, 1e300])('is refused where it is %j', (max) => {
    for (const [host, path, body] of [
      [...ANTHROPIC, { ...message, max_tokens: max }],
      [...CHAT, { ...chat, n: max }],
      [...GENERATE, { ...generate, generationConfig: { maxOutputTokens: max } }],
    ] as const)
      expect(() => callOf(host, path, body)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  test('leaves every other byte as it was', () => {
    const text =
      ' {"model" : "gpt-5-mini" ,\n"input":"\\u00e9 \\"max_output_tokens\\":1", "max_output_tokens": 1e4 , "metadata":{"n":12345678901234567890}, "service_tier":"flex"} '
    const call = callOf(...RESPONSES, text)
    expect(new TextDecoder().decode(call.body)).toBe(text.replace('1e4', '4096'))
  })

  test('under both names of a field, or twice under one, is refused', () => {
    for (const [host, path, text] of [
      [...ANTHROPIC, '{"model":"m","max_tokens":1,"max_tokens":99999}'],
      [...ANTHROPIC, '{"model":"m","max_tokens":1,"max\\u005ftokens":99999}'],
      [...GENERATE, '{"contents":[],"generationConfig":{"maxOutputTokens":1,"max_output_tokens":99999}}'],
      [...GENERATE, '{"contents":[],"generationConfig":{},"generation_config":{"maxOutputTokens":99999}}'],
      [...ANTHROPIC, '{"model":"m","messages":[{"content":[{"type":"text","type":"image"}]}]}'],
    ] as const)
      expect(() => callOf(host, path, text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    const snake = callOf(...GENERATE, {
      contents: [],
      generation_config: { max_output_tokens: 9999, candidate_count: 2 },
    })
    expect(snake.maxOutputTokens).toBe(8192)
    expect(sent(snake)).toEqual({ contents: [], generation_config: { max_output_tokens: 4096, candidate_count: 2 } })
  })
})

function at(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value)
}

test('a body that is changed is JSON with those members and all others as they were', () => {
  const name = fc
    .string({ minLength: 1 })
    .filter((key) => !['model', 'max_tokens', '__proto__', 'messages'].includes(key))
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.jsonValue()),
      fc.option(fc.integer({ min: 1 })),
      fc.nat(2),
      (more, max, indent) => {
        const body = { ...more, model: 'm', messages: [], ...(max !== null && { max_tokens: max }) }
        const call = callOf(...ANTHROPIC, JSON.stringify(body, null, indent))
        const want: unknown = JSON.parse(JSON.stringify({ ...body, max_tokens: Math.min(max ?? 4096, 4096) }))
        expect(sent(call)).toEqual(want)
      },
    ),
  )
})

test('a stream of chat is made to say its usage', () => {
  const call = callOf(...CHAT, { ...chat, stream: true, stream_options: { include_usage: false, x: 1 } })
  expect(sent(call)).toMatchObject({ stream_options: { include_usage: true, x: 1 } })
  expect(sent(callOf(...CHAT, { ...chat, stream: true }))).toMatchObject({ stream_options: { include_usage: true } })
  expect(sent(callOf(...CHAT, chat))).not.toHaveProperty('stream_options')
})

describe('the bound of the input', () => {
  const part = (content: unknown): unknown => ({ ...message, messages: [{ role: 'user', content: [content] }] })

  test('is at least the bytes of the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const size = Math.max(bytes(text).length, bytes(text.normalize('NFKC')).length)
        for (const call of [
          callOf(...ANTHROPIC, part({ type: 'text', text })),
          callOf(...RESPONSES, { ...input, input: text }),
          callOf(...GENERATE, { contents: [{ parts: [{ text }] }] }),
        ])
          expect(call.inputTokens).toBeGreaterThanOrEqual(size)
      }),
    )
  })

  test('is at least the bytes of the text in its compatibility form, also behind escapes and over borders', () => {
    const long = '\uFDFA'.repeat(70_000)
    const escaped = JSON.stringify({ ...input, input: '?' }).replace('?', '\\ufdfa'.repeat(70_000))
    for (const body of [{ ...input, input: long }, escaped])
      expect(callOf(...RESPONSES, body).inputTokens).toBeGreaterThanOrEqual(bytes(long.normalize('NFKC')).length)
  })

  test('counts a picture that is sent to a Claude model', () => {
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }
    const call = callOf(...ANTHROPIC, part(picture))
    expect(call.inputTokens).toBe(
      bytes(JSON.stringify(part(picture))).length + METERING_LIMITS.addedTokens + METERING_LIMITS.claudeImageTokens,
    )
  })

  test.each([
    [...ANTHROPIC, part({ type: 'image', source: { type: 'url', url: 'https://x.example/a.png' } })],
    [...ANTHROPIC, part({ type: 'document', source: { type: 'base64', data: 'JVBERi0=' } })],
    [...ANTHROPIC, part({ type: 'document', source: { type: 'file', file_id: 'f' } })],
    [...ANTHROPIC, part({ type: 'tool_result', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] })],
    [...RESPONSES, { ...input, previous_response_id: 'resp_1' }],
    [...RESPONSES, { ...input, conversation: 'conv_1' }],
    [...RESPONSES, { ...input, input: [{ type: 'item_reference', id: 'x' }] }],
    [...RESPONSES, { ...input, input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:x' }] }] }],
    [...CHAT, { ...chat, messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }],
    [...CONVERSE, { messages: [{ content: [{ document: { source: { s3Location: {} } } }] }] }],
    [...GENERATE, { contents: [{ parts: [{ fileData: { fileUri: 'gs://b/o' } }] }] }],
    [...GENERATE, { contents: [{ parts: [{ file_data: { file_uri: 'gs://b/o' } }] }] }],
    [...GENERATE, { ...generate, cached_content: 'projects/p/cachedContents/1' }],
  ])('is not there for content that is elsewhere: %#', (host, path, body) => {
    expect(callOf(host, path, body)).not.toHaveProperty('inputTokens')
  })

  test('is not lost by what a tool was called with', () => {
    const use = { type: 'tool_use', id: 't', name: 'edit', input: { type: 'image', source: { type: 'url' } } }
    expect(callOf(...ANTHROPIC, part(use))).toHaveProperty('inputTokens')
  })
})

test('the longest life of a cache that a request asks for', () => {
  const cached = (cache_control: unknown): unknown => ({
    ...message,
    system: [{ type: 'text', text: 'a', cache_control }],
  })
  expect(callOf(...ANTHROPIC, message).cacheWrite).toBe('none')
  expect(callOf(...ANTHROPIC, cached({ type: 'ephemeral' })).cacheWrite).toBe('5m')
  expect(callOf(...ANTHROPIC, cached({ type: 'ephemeral', ttl: '1h' })).cacheWrite).toBe('1h')
  expect(callOf(...ANTHROPIC, cached({ type: 'ephemeral', ttl: '9d' })).cacheWrite).toBe('1h')
  expect(callOf(...ANTHROPIC, { ...message, cache_control: { type: 'ephemeral', ttl: '1h' } }).cacheWrite).toBe('1h')
  const tools = [{ name: 'a', input_schema: {}, cache_control: { type: 'ephemeral', ttl: '1h' } }]
  expect(callOf(...ANTHROPIC, { ...message, tools }).cacheWrite).toBe('1h')
})

describe('a body that cannot be metered', () => {
  test.each([
    ['no JSON', '{', 'INVALID_INPUT'],
    ['an array', '[]', 'INVALID_INPUT'],
    ['a mark before it', '\uFEFF{"model":"m"}', 'INVALID_INPUT'],
    ['no model', '{"messages":[]}', 'INVALID_INPUT'],
    ['a model that is no name', '{"model":{}}', 'INVALID_INPUT'],
    ['too many parts', `{"model":"m","messages":[${'{},'.repeat(1_000_000)}1]}`, 'LIMIT_EXCEEDED'],
    ['brackets and nothing else', '['.repeat(5_000_000), 'LIMIT_EXCEEDED'],
    ['too deep', `{"model":"m","messages":${'['.repeat(2000)}${']'.repeat(2000)}}`, 'LIMIT_EXCEEDED'],
  ])('is refused: %s', (_, text, code) => {
    expect(() => callOf(...ANTHROPIC, text)).toThrow(expect.objectContaining({ code }))
  })

  test('is refused: too long, not UTF-8, compressed, not for a Claude model', () => {
    const long = { body: new Uint8Array(METERING_LIMITS.requestBytes + 1) }
    expect(() => callOf(...ANTHROPIC, {}, long)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    const latin = { body: Uint8Array.of(...bytes('{"model":"'), 0xe9, ...bytes('"}')) }
    expect(() => callOf(...ANTHROPIC, {}, latin)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    const zipped = { headers: { 'content-encoding': 'gzip' } }
    expect(() => callOf(...ANTHROPIC, message, zipped)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
    expect(() => callOf(BEDROCK, '/model/amazon.titan/invoke', { inputText: 'x' })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    )
  })

  test('is never quoted in the error', () => {
    try {
      callOf(...ANTHROPIC, '{"key":"sk-secret-value"')
      expect.unreachable()
    } catch (error) {
      expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('sk-secret')
    }
  })
})
