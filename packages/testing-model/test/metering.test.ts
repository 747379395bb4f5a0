import { answerReader, readRequest } from '@seamark/metering'
import type { AnswerOutcome } from '@seamark/metering'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Part } from '../src/index.ts'
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
const tools = [{ name, description, input_schema: schema }]
const { model: _, ...inBody } = message
const APIS = [
  ['api.anthropic.com', '/v1/messages', { ...message, tools }],
  [
    'bedrock-runtime.eu-central-1.amazonaws.com',
    '/model/eu.anthropic.claude-opus-5-5-v1%3A0/invoke',
    { ...inBody, tools, anthropic_version: 'bedrock-2023-05-31' },
  ],
  [
    'europe-west1-aiplatform.googleapis.com',
    '/v1/projects/acme/locations/europe-west1/publishers/anthropic/models/claude-opus-5-5@20260923:rawPredict',
    { ...inBody, tools, anthropic_version: 'vertex-2023-10-16' },
  ],
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

type Api = (typeof APIS)[number]

/** What the meter makes of one request and its answer. */
async function metered(url: string, [host, plain, body]: Api, stream: boolean): Promise<AnswerOutcome> {
  // On Bedrock the path decides it, and on Vertex AI it says the same as the body.
  const streamed = plain.replace(/\/invoke$/, '/invoke-with-response-stream').replace(/rawPredict$/, 'streamRawPredict')
  const path = stream ? streamed : plain
  const sent = Buffer.from(JSON.stringify({ ...body, ...(!plain.endsWith('/invoke') && { stream }) }))
  const reading = readRequest({ method: 'POST', host, path, headers: {}, body: sent }, { maxOutputTokens: 4_000 })
  if (reading.kind !== 'call') throw new Error(reading.kind)
  const { call } = reading
  const answered = await fetch(url + path, { method: 'POST', headers: HEADERS, body: Buffer.from(call.body) })
  const contentType = answered.headers.get('content-type') ?? ''
  const reader = answerReader(call, { status: answered.status, contentType })
  try {
    for await (const bytes of answered.body ?? []) reader.push(bytes)
  } catch {
    return reader.end(false)
  }
  return reader.end(true)
}

test.for(APIS)('@seamark/metering reads the usage to the token: %s%s', async (api) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 4 }),
      wire,
      usage,
      fc.boolean(),
      async (answer, stream, used, streams) => {
        const server = await serve([{ answer, stream, usage: used }])
        const outcome = await metered(server.url, api, streams)
        const said = server.calls[0]?.usage
        expect(outcome).toEqual({ kind: 'usage', tokens: said })
      },
    ),
    { numRuns: 40 },
  )
})

test.for(APIS)('what is cut, fails late or is refused has no usage: %s%s', async (api) => {
  const server = await serve([
    { answer: 'A few words.', stream: { cutInEvent: 3 } },
    { error: { kind: 'overloaded', inStream: true } },
    { error: { kind: 'rate-limit' } },
  ])
  expect(await metered(server.url, api, true)).toMatchObject({ kind: 'reserved', why: 'cut' })
  expect(await metered(server.url, api, true)).toMatchObject({ kind: 'reserved' })
  expect(await metered(server.url, api, true)).toEqual({ kind: 'free' })
})
