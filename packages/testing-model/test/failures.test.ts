import { expect, test } from 'vitest'
import type { ErrorKind } from '../src/index.ts'
import { Anthropic, anthropic, OpenAI, openai } from './clients-port.ts'
import { chat, input, message, post, serve } from './support.ts'

const APIS = [
  ['/v1/messages', message],
  ['/v1/responses', input],
  ['/v1/chat/completions', chat],
] as const

const NOW = Date.UTC(2026, 0, 1, 12)

type Row = readonly [ErrorKind, anthropic: readonly [number, string], openai: readonly [number, string | null]]
const ROWS: readonly Row[] = [
  ['rate-limit', [429, 'rate_limit_error'], [429, 'rate_limit_exceeded']],
  ['overloaded', [529, 'overloaded_error'], [503, 'server_is_overloaded']],
  ['server-error', [500, 'api_error'], [500, 'server_error']],
  ['unauthorized', [401, 'authentication_error'], [401, 'invalid_api_key']],
  ['forbidden', [403, 'permission_error'], [403, 'model_not_found']],
  ['unknown-model', [404, 'not_found_error'], [404, 'model_not_found']],
  ['context-length', [400, 'invalid_request_error'], [400, 'context_length_exceeded']],
  ['quota', [400, 'invalid_request_error'], [429, 'insufficient_quota']],
]

test.for(ROWS)('%s is an error of each API, and uses up a turn', async ([kind, claude, other]) => {
  const server = await serve([{ error: { kind }, times: 3 }, { answer: 'Now.' }])
  for (const [path, body] of APIS) {
    const answer = await post(server.url + path, body)
    const [status, name] = path === '/v1/messages' ? claude : other
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ error: { [path === '/v1/messages' ? 'type' : 'code']: name } })
  }
  expect((await post(`${server.url}/v1/messages`, message)).status).toBe(200)
})

test('a rate limit says when each limit is reset', async () => {
  const server = await serve([{ error: { kind: 'rate-limit', retryAfterSeconds: 90 }, times: 3 }], { now: () => NOW })
  const [claude, , other] = await Promise.all(APIS.map(([path, body]) => post(server.url + path, body)))
  const of = (headers: Headers | undefined, prefix: string) =>
    Object.fromEntries([...(headers ?? [])].filter(([name]) => name.startsWith(prefix)))
  const reset = '2026-01-01T12:01:30Z'
  expect(of(claude?.headers, 'anthropic-ratelimit')).toMatchObject({
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': reset,
    'anthropic-ratelimit-tokens-reset': reset,
    'anthropic-ratelimit-input-tokens-reset': reset,
    'anthropic-ratelimit-output-tokens-reset': reset,
  })
  expect(claude?.headers.get('retry-after')).toBe('90')
  expect(of(other?.headers, 'x-ratelimit')).toMatchObject({
    'x-ratelimit-remaining-tokens': '0',
    'x-ratelimit-reset-requests': '1m30s',
    'x-ratelimit-reset-tokens': '1m30s',
  })
  expect(other?.headers.get('retry-after-ms')).toBe('90000')
})

test('the clients know the errors, and try again as they are told', async () => {
  const error = { kind: 'rate-limit', retryAfterSeconds: 0 } as const
  const server = await serve([{ error }, { error: { kind: 'overloaded' } }, { error }, { answer: 'Now.' }])
  const body = { ...message, messages: [{ role: 'user' as const, content: 'Hi' }] }
  await expect(anthropic(server.url).messages.create(body)).rejects.toBeInstanceOf(Anthropic.RateLimitError)
  await expect(openai(server.url).responses.create(input)).rejects.toMatchObject({ status: 503 })
  await expect(openai(server.url, 1).responses.create(input)).resolves.toMatchObject({ output_text: 'Now.' })
})

test('an error in a stream comes after its first event', async () => {
  const error = { kind: 'overloaded', inStream: true } as const
  const server = await serve([{ error, times: 4 }])
  const stream = anthropic(server.url).messages.stream({ ...message, messages: [{ role: 'user', content: 'Hi' }] })
  await expect(stream.finalMessage()).rejects.toMatchObject({ type: 'overloaded_error' })
  const events: object[] = []
  for await (const event of await openai(server.url).responses.create({ ...input, stream: true })) events.push(event)
  expect(events.at(-1)).toMatchObject({
    type: 'response.failed',
    response: { status: 'failed', error: { code: 'server_is_overloaded' } },
  })
  const chunks = await openai(server.url).chat.completions.create({
    ...chat,
    messages: [{ role: 'user', content: 'Hi' }],
    stream: true,
  })
  await expect(async () => {
    for await (const _ of chunks);
  }).rejects.toBeInstanceOf(OpenAI.APIError)
  // What asks for no stream gets it as a status.
  expect((await post(`${server.url}/v1/messages`, message)).status).toBe(529)
})

test('a proxy’s page, a connection that is cut, and no answer at all', async () => {
  const server = await serve([
    { error: { kind: 'bad-gateway' } },
    { error: { kind: 'reset' } },
    { error: { kind: 'hang' } },
  ])
  const page = await post(`${server.url}/v1/messages`, message)
  expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html'])
  await expect(post(`${server.url}/v1/messages`, message)).rejects.toThrow()
  const client = anthropic(server.url)
  const asked = client.messages.create({ ...message, messages: [{ role: 'user', content: 'Hi' }] }, { timeout: 100 })
  await expect(asked).rejects.toBeInstanceOf(Anthropic.APIConnectionTimeoutError)
})

test('an input that is longer than the context is refused in the words of its API, and uses up no turn', async () => {
  const server = await serve({ contextTokens: 10, turns: [{ answer: 'Short.' }] })
  const long = 'x'.repeat(44)
  const claude = await post(`${server.url}/v1/messages`, { ...message, messages: [{ role: 'user', content: long }] })
  expect([claude.status, claude.json]).toMatchObject([
    400,
    { error: { message: 'prompt is too long: 11 tokens > 10 maximum' } },
  ])
  const other = await post(`${server.url}/v1/responses`, { ...input, input: long })
  expect(other.json).toMatchObject({ error: { code: 'context_length_exceeded', param: 'input' } })
  expect((await post(`${server.url}/v1/messages`, message)).status).toBe(200)
  expect(server.calls.map(({ by }) => by)).toEqual(['context', 'context', 'turn'])
})
