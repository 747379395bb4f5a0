import { answerReader, readRequest } from '@seamark/metering'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ModelScript, Part } from '../src/index.ts'
import { chat, HEADERS, input, message, serve, TOOL } from './support.ts'

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((one) => one.isWellFormed())
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ text }),
  fc.record({ thinking: text }),
  fc.record({ tool: fc.constant(TOOL.name), input: fc.dictionary(text, fc.oneof(text, fc.integer())) }),
)
const wire = fc.record({ pieceBytes: fc.integer({ min: 1, max: 300 }), splitCharacters: fc.boolean() })
const usage = fc.record(
  {
    cacheRead: fc.nat(30),
    cacheWrite5m: fc.nat(5),
    cacheWrite1h: fc.nat(5),
    input: fc.nat(100_000),
    output: fc.nat(1_000),
  },
  { requiredKeys: [] },
)

const { name, description, schema } = TOOL
const APIS = [
  ['api.anthropic.com', '/v1/messages', { ...message, tools: [{ name, description, input_schema: schema }] }],
  [
    'api.openai.com',
    '/v1/responses',
    { ...input, tools: [{ type: 'function', name, description, parameters: schema }] },
  ],
  [
    'api.openai.com',
    '/v1/chat/completions',
    { ...chat, tools: [{ type: 'function', function: { name, description, parameters: schema } }] },
  ],
] as const

test.for(APIS)('@seamark/metering reads the usage to the token: %s%s', async ([host, path, body]) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 4 }),
      wire,
      usage,
      fc.boolean(),
      async (answer, stream, used, streamed) => {
        const turn = { answer, stream, usage: used }
        const server = await serve({ turns: [turn] } satisfies Omit<ModelScript, 'version'>)
        const sent = Buffer.from(JSON.stringify({ ...body, stream: streamed }))
        const reading = readRequest({ method: 'POST', host, path, headers: {}, body: sent }, { maxOutputTokens: 4_000 })
        if (reading.kind !== 'call') throw new Error(reading.kind)
        const { call } = reading
        const answered = await fetch(`${server.url}${path}`, {
          method: 'POST',
          headers: HEADERS,
          body: Buffer.from(call.body),
        })
        const type = answered.headers.get('content-type') ?? ''
        const reader = answerReader(call, { status: answered.status, contentType: type })
        for await (const bytes of answered.body ?? []) reader.push(bytes)
        const said = server.calls[0]?.usage
        const { reasoning } = said ?? { reasoning: 0 }
        expect(reader.end(true)).toEqual({
          kind: 'usage',
          // The meter reads no reasoning from the Messages API.
          tokens: { ...said, reasoning: path === '/v1/messages' ? 0 : reasoning },
        })
      },
    ),
    { numRuns: 40 },
  )
})
