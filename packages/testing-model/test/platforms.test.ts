import { expect, test } from 'vitest'
import type { ErrorKind } from '../src/index.ts'
import { message, post, serve } from './support.ts'

const { model: _, ...inBody } = message
const bedrock = { ...inBody, anthropic_version: 'bedrock-2023-05-31' }
const vertex = { ...inBody, anthropic_version: 'vertex-2023-10-16' }
const INVOKE = '/model/eu.anthropic.claude-opus-5-5-v1%3A0/invoke'
const PREDICT = '/v1/projects/acme/locations/global/publishers/anthropic/models/claude-opus-5-5:rawPredict'
const COUNT = PREDICT.replace('claude-opus-5-5:', 'count-tokens:')
const SIGNED =
  'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/bedrock/aws4_request, SignedHeaders=host, Signature=0'

test('the model is the one of the path, and the answer that of the Messages API', async () => {
  const server = await serve([{ answer: 'Hi.' }, { expect: { model: 'claude-opus-5-5' }, answer: 'Hi again.' }])
  const content = [{ type: 'text', text: 'Hi.' }]
  expect((await post(server.url + INVOKE, bedrock)).json).toMatchObject({ type: 'message', content })
  expect((await post(server.url + PREDICT, vertex)).status).toBe(200)
  const counted = await post(server.url + COUNT, { ...vertex, model: message.model })
  expect(counted.json).toEqual({ input_tokens: server.calls[0]?.inputTokens })
  expect(server.calls.map(({ by, model, stream }) => [by, model, stream])).toEqual([
    ['turn', 'eu.anthropic.claude-opus-5-5-v1:0', false],
    ['turn', 'claude-opus-5-5', false],
    ['count', message.model, false],
  ])
})

test('the keys of a signature let in by their id, and a token by itself', async () => {
  const server = await serve({ keys: ['AKIDEXAMPLE', 'a-token'], turns: [{ answer: 'Hi.', times: 3 }] })
  const none = { 'x-api-key': undefined, authorization: undefined }
  const status = async (path: string, body: object, authorization?: string) =>
    (await post(server.url + path, body, { ...none, ...(authorization && { authorization }) })).status
  expect(await status(INVOKE, bedrock, SIGNED)).toBe(200)
  expect(await status(INVOKE, bedrock, 'Bearer a-token')).toBe(200)
  expect(await status(PREDICT, vertex, 'Bearer a-token')).toBe(200)
  expect(await status(INVOKE, bedrock, SIGNED.replace('AKID', 'AKIA'))).toBe(403)
  expect(await status(INVOKE, bedrock)).toBe(403)
  // A key of Anthropic is none here.
  expect((await post(server.url + PREDICT, vertex, { ...none, 'x-api-key': 'a-token' })).status).toBe(401)
  expect(server.takeProblems().map(({ check }) => check)).toEqual(['credentials', 'credentials', 'credentials'])
})

test.for([
  [INVOKE, { ...bedrock, model: 'm' }, 'unknown-member', '/model'],
  [INVOKE, { ...bedrock, stream: true }, 'unknown-member', '/stream'],
  [INVOKE, inBody, 'version', '/anthropic_version'],
  [PREDICT, { ...vertex, model: 'm' }, 'unknown-member', '/model'],
  [PREDICT, bedrock, 'version', '/anthropic_version'],
  [PREDICT, { ...vertex, max_tokens: 'x' }, 'shape', '/max_tokens'],
] as const)('%s refuses what a body may not have there: %s', async ([path, body, check, pointer]) => {
  const server = await serve([{ answer: 'Now.' }])
  expect((await post(server.url + path, body)).status).toBe(400)
  expect(server.takeProblems()).toMatchObject([{ check, pointer }])
  expect((await post(server.url + INVOKE, bedrock)).status).toBe(200)
})

test('a path with a name that can not be decoded is of no API', async () => {
  const server = await serve([{ answer: 'Now.' }])
  expect((await post(`${server.url}/model/%zz/invoke`, bedrock)).status).toBe(404)
  expect(server.takeProblems()).toMatchObject([{ check: 'path' }])
  expect((await post(server.url + INVOKE, bedrock)).status).toBe(200)
})

const ROWS: readonly (readonly [ErrorKind, readonly [number, string], readonly [number, string]])[] = [
  ['rate-limit', [429, 'ThrottlingException'], [429, 'RESOURCE_EXHAUSTED']],
  ['overloaded', [503, 'ServiceUnavailableException'], [529, 'overloaded_error']],
  ['server-error', [500, 'InternalServerException'], [500, 'api_error']],
  ['unauthorized', [403, 'UnrecognizedClientException'], [401, 'UNAUTHENTICATED']],
  ['forbidden', [403, 'AccessDeniedException'], [403, 'PERMISSION_DENIED']],
  ['unknown-model', [404, 'ResourceNotFoundException'], [404, 'NOT_FOUND']],
  ['context-length', [400, 'ValidationException'], [400, 'invalid_request_error']],
]

test.for(ROWS)('%s is an error of the platform', async ([kind, [status, type], [code, word]]) => {
  const server = await serve([{ error: { kind, ...(status === 429 && { retryAfterSeconds: 3 }) }, times: 2 }])
  const aws = await post(server.url + INVOKE, bedrock)
  expect([aws.status, aws.headers.get('x-amzn-errortype'), aws.headers.get('retry-after')]).toEqual([
    status,
    type,
    status === 429 ? '3' : null,
  ])
  expect(aws.json).toEqual({ message: expect.any(String) })
  const google = await post(server.url + PREDICT, vertex)
  expect(google.status).toBe(code)
  expect(JSON.stringify(google.json)).toContain(`"${word}"`)
  expect([...google.headers.keys()].filter((name) => name.startsWith('anthropic'))).toEqual([])
})
