import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSeamError } from '@seamark/kit'
import { answerReader } from '../src/index.ts'
import { ANTHROPIC, bytes, callOf, CHAT, chat, CONVERSE, converse, GENERATE, generate, input, message, read, RESPONSES } from './support.ts' // prettier-ignore

// An object that nothing can be made a text of, which any JSON may hold.
const textless = { toString: 1, valueOf: 1 }
const any = fc.oneof(fc.constant(textless), fc.jsonValue({ maxDepth: 3 }), fc.constant([textless]))

/** A value, or one in which any member at any depth is any JSON. */
function twisted(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, any)
  if (Array.isArray(value))
    return fc.oneof({ weight: 9, arbitrary: fc.tuple(...value.map((each) => twisted(each))) }, any)
  const members = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, twisted(member)]))
  return fc.oneof({ weight: 9, arbitrary: fc.record(members) }, any)
}

const details = { cached_tokens: 1, cache_write_tokens: 0, audio_tokens: 0, reasoning_tokens: 1 }
const openAi = (input: string, output: string) => ({
  [input]: 3,
  [output]: 2,
  [`${input}_details`]: details,
  [`${output}_details`]: details,
})
const claude = {
  input_tokens: 1,
  output_tokens: 1,
  cache_creation: { ephemeral_5m_input_tokens: 0 },
  server_tool_use: { web_search_requests: 0 },
  speed: 'standard',
  inference_geo: 'eu',
}
const metadata = { promptTokenCount: 1, candidatesTokenCount: 1, trafficType: 'ON_DEMAND' }
const STREAM = GENERATE[1].replace('generateContent', 'streamGenerateContent')

test.each([
  [...ANTHROPIC, message, { usage: claude }],
  [...ANTHROPIC, { ...message, stream: true }, { type: 'message_start', message: { usage: claude }, usage: claude }],
  [...RESPONSES, input, { usage: openAi('input_tokens', 'output_tokens'), service_tier: 'default' }],
  [...RESPONSES, { ...input, stream: true }, { type: 'response.completed', response: { usage: openAi('input_tokens', 'output_tokens'), service_tier: 'default' } }], // prettier-ignore
  [...CHAT, chat, { usage: openAi('prompt_tokens', 'completion_tokens'), service_tier: 'default' }],
  [...CHAT, { ...chat, stream: true }, { usage: openAi('prompt_tokens', 'completion_tokens') }],
  [
    ...CONVERSE,
    converse,
    { usage: { inputTokens: 1, outputTokens: 1, cacheDetails: [{ ttl: '5m', inputTokens: 1 }] } },
  ],
  [...GENERATE, generate, { usageMetadata: metadata, candidates: [{ finishReason: 'STOP' }] }],
  [GENERATE[0], STREAM, generate, { usageMetadata: metadata, promptFeedback: { blockReason: 'SAFETY' } }],
] as const)(
  'an answer with any JSON in any member is read or not believed, and never throws: %#',
  (host, path, body, answer) => {
    // prettier-ignore
    const call = callOf(host, path, body)
    fc.assert(
      fc.property(twisted(answer), (value) => {
        for (const contentType of ['application/json', 'text/event-stream']) {
          const reader = answerReader(call, { status: 200, contentType })
          const text = JSON.stringify(value)
          reader.push(bytes(contentType === 'application/json' ? text : `data: ${text}\n\n`))
          expect(['usage', 'reserved']).toContain(reader.end(true).kind)
        }
      }),
      { numRuns: 200 },
    )
  },
)

test.each([
  [...ANTHROPIC, { ...message, system: [{ type: 'text', text: 'a' }], messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'text', data: 'a' } }, { type: 'image', source: { type: 'base64' } }, { type: 'text', cache_control: { ttl: '5m' } }] }], tools: [{ type: 'custom', input_schema: {} }], thinking: { type: 'enabled', budget_tokens: 50 }, context_management: { edits: [{ type: 'clear_x' }] } }], // prettier-ignore
  [...RESPONSES, { ...input, input: [{ type: 'message', content: [{ type: 'input_text' }] }, { type: 'additional_tools', tools: [{ type: 'function' }] }], tools: [{ type: 'namespace', tools: [{ type: 'function' }] }], service_tier: 'auto', max_output_tokens: 5 }], // prettier-ignore
  [...CHAT, { ...chat, n: 1, stream: true, stream_options: { include_usage: false }, max_tokens: 5, tools: [{ type: 'function' }] }], // prettier-ignore
  [...CONVERSE, { ...converse, inferenceConfig: { maxTokens: 5 }, toolConfig: { tools: [{ toolSpec: {} }] }, additionalModelRequestFields: { thinking: { budget_tokens: 50 }, reasoning_config: { budget_tokens: 50 } }, serviceTier: { type: 'default' }, performanceConfig: { latency: 'standard' } }], // prettier-ignore
  [...GENERATE, { ...generate, tools: [{ functionDeclarations: [] }], generationConfig: { candidateCount: 1, responseModalities: ['TEXT'], maxOutputTokens: 5 }, cachedContent: 'a' }], // prettier-ignore
] as const)('a request with any JSON in any member is read, or refused for what it is: %#', (host, path, body) => {
  fc.assert(
    fc.property(twisted(body), (value) => {
      try {
        expect(read(host, path, value).kind).toBe('call')
      } catch (error) {
        if (!isSeamError(error)) throw error
        expect(['INVALID_INPUT', 'UNSUPPORTED', 'LIMIT_EXCEEDED']).toContain(error.code)
      }
    }),
    { numRuns: 300 },
  )
})

test('a tool whose type is no text is no well-formed request', () => {
  for (const type of [textless, null, 7])
    for (const tools of [[{ type }], [{ type: 'namespace', tools: [{ type }] }]])
      expect(() => callOf(...RESPONSES, { ...input, tools })).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT' }),
      )
})

test('a document whose source is of no kind is taken to be elsewhere', () => {
  const messages = [{ role: 'user', content: [{ type: 'document', source: { type: textless } }] }]
  expect(callOf(...ANTHROPIC, { ...message, messages })).not.toHaveProperty('inputTokens')
})
