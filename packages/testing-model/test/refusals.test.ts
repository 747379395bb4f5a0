import { expect, test } from 'vitest'
import { MODEL_CHECKS } from '../src/index.ts'
import type { ModelCheck, ModelScript } from '../src/index.ts'
import { post, serve } from './support.ts'

const script: Omit<ModelScript, 'version'> = {
  models: ['m'],
  keys: ['test'],
  turns: [{ expect: { model: 'm' }, answer: [{ tool: 't' }] }],
}

const user = { role: 'user', content: 'Hi' }
const assistant = (...content: unknown[]) => ({ role: 'assistant', content })
const use = (id: string) => ({ type: 'tool_use', id, name: 't', input: {} })
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'x' })
const results = (...ids: string[]) => ({ role: 'user', content: ids.map(result) })
const tool = { name: 't', input_schema: { type: 'object' } }
const message = { model: 'm', max_tokens: 100, messages: [user], tools: [tool] }
const talk = (...messages: unknown[]) => ({ ...message, messages })

const call = (id: string) => ({ type: 'function_call', call_id: id, name: 't', arguments: '{}' })
const output = (id: string) => ({ type: 'function_call_output', call_id: id, output: 'x' })
const response = { model: 'm', input: [user], tools: [{ type: 'function', name: 't', parameters: {} }] }
const items = (...input: unknown[]) => ({ ...response, input })

const chatTool = { type: 'function', function: { name: 't', parameters: {} } }
const chat = { model: 'm', messages: [user], tools: [chatTool] }
const chatCall = (id: string) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 't', arguments: '{}' } }],
})
const toolMessage = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'x' })
const talks = (...messages: unknown[]) => ({ ...chat, messages })

const MESSAGES = '/v1/messages'
const RESPONSES = '/v1/responses'
const CHAT = '/v1/chat/completions'
const OLD = { 'anthropic-version': '2023-06-01' }
const NEW = { 'anthropic-version': '2026-10-21' }

type Case = readonly [
  check: ModelCheck,
  what: string,
  path: string,
  body: unknown,
  headers?: Readonly<Record<string, string | undefined>>,
  status?: number,
]

const CASES: readonly Case[] = [
  ['path', 'a base URL without /v1', '/messages', message, {}, 404],
  ['path', 'an unknown path of an API', `${MESSAGES}/batches`, message, {}, 404],
  ['credentials', 'no key', MESSAGES, message, { 'x-api-key': undefined, authorization: undefined }, 401],
  ['credentials', 'another key', MESSAGES, message, { 'x-api-key': 'other' }, 401],
  ['credentials', 'no bearer', RESPONSES, response, { authorization: undefined }, 401],
  ['credentials', 'another bearer', CHAT, chat, { authorization: 'Bearer other' }, 401],
  ['version', 'no version', MESSAGES, message, { 'anthropic-version': undefined }],
  ['version', 'a version that is not', MESSAGES, message, { 'anthropic-version': '2024-01-01' }],
  ['content-type', 'a form', RESPONSES, response, { 'content-type': 'text/plain' }],
  ['content-type', 'a coding', CHAT, chat, { 'content-encoding': 'gzip' }],
  ['size', 'more than 32 MiB', MESSAGES, `"${'x'.repeat(33_554_432)}"`, {}, 413],
  ['json', 'half a document', MESSAGES, '{"model":'],
  ['json', 'no UTF-8', RESPONSES, Buffer.from([0x22, 0xff, 0x22])],
  ['json', 'half a character', CHAT, JSON.stringify(talks({ role: 'user', content: '?' })).replace('?', '\\ud800')],
  ['json', 'nested too deep', MESSAGES, '['.repeat(100_000) + ']'.repeat(100_000)],
  ['shape', 'no model', MESSAGES, { ...message, model: undefined }],
  ['shape', 'no max_tokens', MESSAGES, { ...message, max_tokens: undefined }],
  ['shape', 'no messages', MESSAGES, { ...message, messages: [] }],
  ['shape', 'a role that is not', MESSAGES, talk({ role: 'tool', content: 'x' })],
  ['shape', 'a block that is not', MESSAGES, talk({ role: 'user', content: [{ type: 'input_text', text: 'x' }] })],
  ['shape', 'a call without input', MESSAGES, talk(user, assistant({ ...use('a'), input: undefined }), results('a'))],
  ['shape', 'an id with blanks', MESSAGES, talk(user, assistant(use('a b')), results('a b'))],
  ['shape', 'no input', RESPONSES, { ...response, input: undefined }],
  ['shape', 'a role that is not', RESPONSES, items({ role: 'tool', content: 'x' })],
  ['shape', 'an item that is not', RESPONSES, items({ type: 'tool_use' })],
  [
    'shape',
    'a part of the other side',
    RESPONSES,
    items({ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }),
  ],
  ['shape', 'a call without arguments', RESPONSES, items({ ...call('a'), arguments: undefined }, output('a'))],
  ['shape', 'no messages', CHAT, { ...chat, messages: [] }],
  ['shape', 'a user who says nothing', CHAT, talks({ role: 'user' })],
  ['shape', 'a result without id', CHAT, talks(user, { role: 'tool', content: 'x' })],
  ['shape', 'no calls', CHAT, talks(user, { role: 'assistant', content: 'x', tool_calls: [] })],
  ['unknown-member', 'a member of another API', MESSAGES, { ...message, max_output_tokens: 1 }],
  ['unknown-member', 'a temperature in the new version', MESSAGES, { ...message, temperature: 1 }, NEW],
  ['model', 'another model', MESSAGES, { ...message, model: 'other' }, {}, 404],
  ['model', 'another model', RESPONSES, { ...response, model: 'other' }, {}, 404],
  ['model', 'another model', CHAT, { ...chat, model: 'other' }, {}, 404],
  [
    'content',
    'a document of the assistant',
    MESSAGES,
    talk(user, assistant({ type: 'document', source: { type: 'text', data: 'x' } }), user),
    NEW,
  ],
  [
    'content',
    'a citation of the user',
    MESSAGES,
    talk({ role: 'user', content: [{ type: 'text', text: 'x', citations: [{}] }] }),
    NEW,
  ],
  ['alternation', 'the assistant begins', MESSAGES, talk(assistant({ type: 'text', text: 'x' }), user)],
  ['alternation', 'two of one role', MESSAGES, talk(user, user)],
  ['tool-result', 'none', MESSAGES, talk(user, assistant(use('a')), user)],
  ['tool-result', 'none of one of two', MESSAGES, talk(user, assistant(use('a'), use('b')), results('a'))],
  [
    'tool-result',
    'behind a text',
    MESSAGES,
    talk(user, assistant(use('a')), { role: 'user', content: [{ type: 'text', text: 'x' }, result('a')] }),
  ],
  ['tool-result', 'of no call', MESSAGES, talk(user, assistant({ type: 'text', text: 'x' }), results('a'))],
  ['tool-result', 'twice', MESSAGES, talk(user, assistant(use('a')), results('a', 'a'))],
  [
    'tool-result',
    'one id for two calls',
    MESSAGES,
    talk(user, assistant(use('a')), results('a'), assistant(use('a')), results('a')),
  ],
  ['tool-result', 'none', RESPONSES, items(user, call('a'))],
  ['tool-result', 'of no call', RESPONSES, items(user, output('a'))],
  ['tool-result', 'before its call', RESPONSES, items(user, output('a'), call('a'))],
  ['tool-result', 'twice', RESPONSES, items(user, call('a'), output('a'), output('a'))],
  [
    'tool-result',
    'of another kind',
    RESPONSES,
    items(user, call('a'), { ...output('a'), type: 'custom_tool_call_output' }),
  ],
  ['tool-result', 'none', CHAT, talks(user, chatCall('a'), user)],
  ['tool-result', 'none at the end', CHAT, talks(user, chatCall('a'))],
  ['tool-result', 'of no call', CHAT, talks(user, toolMessage('a'))],
  ['tool-result', 'of another call', CHAT, talks(user, chatCall('a'), toolMessage('b'))],
  ['tool-definition', 'a name with blanks', MESSAGES, { ...message, tools: [{ ...tool, name: 'a b' }] }],
  ['tool-definition', 'no schema', MESSAGES, { ...message, tools: [{ name: 't' }] }],
  [
    'tool-definition',
    'a schema of no object',
    MESSAGES,
    { ...message, tools: [{ name: 't', input_schema: { type: 'string' } }] },
  ],
  ['tool-definition', 'two of one name', MESSAGES, { ...message, tools: [tool, tool] }],
  ['tool-definition', 'a choice that is not there', MESSAGES, { ...message, tool_choice: { type: 'tool', name: 'u' } }],
  ['tool-definition', 'a choice of none', MESSAGES, { ...message, tools: [], tool_choice: { type: 'any' } }],
  ['tool-definition', 'no name', RESPONSES, { ...response, tools: [{ type: 'function' }] }],
  ['tool-definition', 'two of one name', RESPONSES, { ...response, tools: [response.tools[0], response.tools[0]] }],
  [
    'tool-definition',
    'a choice that is not there',
    RESPONSES,
    { ...response, tool_choice: { type: 'function', name: 'u' } },
  ],
  [
    'tool-definition',
    'a name with blanks',
    CHAT,
    { ...chat, tools: [{ type: 'function', function: { name: 'a b' } }] },
  ],
  ['tool-definition', 'a choice without tools', CHAT, { ...chat, tools: undefined, tool_choice: 'auto' }],
  ['text', 'empty', MESSAGES, talk({ role: 'user', content: [{ type: 'text', text: '' }] })],
  ['text', 'no block', MESSAGES, talk({ role: 'user', content: [] })],
  ['text', 'a blank at the end', MESSAGES, talk(user, assistant({ type: 'text', text: 'x ' }))],
  ['thinking', 'changed', MESSAGES, talk(user, assistant({ type: 'thinking', thinking: 'x', signature: 'y' }), user)],
  [
    'thinking',
    'more than the answer',
    MESSAGES,
    { ...message, max_tokens: 2_000, thinking: { type: 'enabled', budget_tokens: 2_000 } },
  ],
  [
    'thinking',
    'too little',
    MESSAGES,
    { ...message, max_tokens: 2_000, thinking: { type: 'enabled', budget_tokens: 1_000 } },
  ],
  ['limits', 'fewer than none', MESSAGES, { ...message, max_tokens: -1 }],
  ['limits', 'too few', RESPONSES, { ...response, max_output_tokens: 15 }],
  ['limits', 'none', CHAT, { ...chat, max_tokens: 0 }],
  ['options', 'in the background', RESPONSES, { ...response, background: true }],
  ['options', 'both limits', CHAT, { ...chat, max_tokens: 1, max_completion_tokens: 1 }],
  ['options', 'of a stream that is none', CHAT, { ...chat, stream_options: { include_usage: true } }],
  ['options', 'two choices', CHAT, { ...chat, n: 2 }],
  ['previous-response', 'one that is not', RESPONSES, { ...response, previous_response_id: 'resp_none' }],
  ['conversation', 'a name that is none', `/c/-${MESSAGES}`, message, {}, 404],
  ['tool-offered', 'another tool', MESSAGES, { ...message, tools: [{ ...tool, name: 'u' }] }],
  ['tool-offered', 'no tool', CHAT, { ...chat, tools: undefined }],
]

test.for(CASES)('%s: %s, on %s', async ([check, , path, body, headers = {}, status = 400]) => {
  const server = await serve(script)
  const answer = await post(server.url + path, body, { ...OLD, ...headers })
  expect(answer.status).toBe(status)
  const claude = path.includes('/messages')
  expect(answer.json).toMatchObject(
    claude
      ? {
          type: 'error',
          error: { type: expect.stringMatching(/_error$|^request_too_large$/), message: expect.any(String) },
        }
      : { error: { message: expect.any(String), type: 'invalid_request_error', param: expect.toSatisfy(() => true) } },
  )
  expect(new Set(server.problems().map((one) => one.check))).toEqual(new Set([check]))
  // Nothing of it was taken as the turn, and the test fails.
  expect(server.calls).toMatchObject([{ by: 'refusal', status }])
  await expect(server.close()).rejects.toMatchObject({ code: check === 'tool-offered' ? 'CONFLICT' : 'INVALID_INPUT' })
})

const RIGHT: readonly (readonly [string, string, unknown, Readonly<Record<string, string>>?])[] = [
  ['a message', MESSAGES, message],
  ['with a bearer', MESSAGES, message, { 'x-api-key': '', authorization: 'Bearer test' }],
  [
    'two calls and their results, with a text behind',
    MESSAGES,
    talk(user, assistant(use('a'), use('b')), {
      role: 'user',
      content: [result('b'), result('a'), { type: 'text', text: 'x' }],
    }),
  ],
  [
    'a system message in between',
    MESSAGES,
    talk(user, { role: 'system', content: 'x' }, assistant({ type: 'text', text: 'x' }), user),
    NEW,
  ],
  ['a temperature in the old version', MESSAGES, { ...message, temperature: 1 }, OLD],
  ['nothing to generate', MESSAGES, { ...message, max_tokens: 0, tool_choice: { type: 'none' } }],
  ['a tool of the provider’s own', MESSAGES, { ...message, tools: [tool, { type: 'bash_20250124', name: 'bash' }] }],
  ['a response', RESPONSES, response],
  ['calls and their outputs', RESPONSES, items(user, call('a'), call('b'), output('b'), output('a'))],
  [
    'a custom tool that answers twice',
    RESPONSES,
    items(
      user,
      { type: 'custom_tool_call', call_id: 'a', name: 't', input: '' },
      ...['x', 'y'].map((text) => ({ type: 'custom_tool_call_output', call_id: 'a', output: text })),
    ),
  ],
  [
    'tools of a namespace in the input',
    RESPONSES,
    items(
      { type: 'additional_tools', role: 'developer', tools: [{ type: 'namespace', name: 'n', tools: response.tools }] },
      user,
    ),
  ],
  ['a chat', CHAT, chat],
  ['a call and its result', CHAT, talks(user, chatCall('a'), toolMessage('a'), user)],
]

test.for(RIGHT)('takes what is right: %s, on %s', async ([, path, body, headers]) => {
  const server = await serve(script)
  const answer = await post(server.url + path, body, headers)
  expect([answer.status, server.problems()]).toEqual([200, []])
})

test('every check has a request that it refuses', () => {
  const elsewhere: readonly ModelCheck[] = ['expectation', 'turns', 'unused', 'internal']
  const checked = new Set([...CASES.map(([check]) => check), ...elsewhere])
  expect(checked).toEqual(new Set(Object.keys(MODEL_CHECKS)))
})

test('no key is repeated in an answer, a problem or a call', async () => {
  const server = await serve(script)
  const key = 'sk-very-secret-1234567890'
  for (const path of [MESSAGES, RESPONSES, CHAT]) {
    const answer = await post(server.url + path, {}, { 'x-api-key': key, authorization: `Bearer ${key}` })
    expect(answer.text + JSON.stringify([server.problems(), server.calls])).not.toContain(key.slice(3, 12))
  }
  await server.close({ check: false })
})

test('what is missing or of another type is named, in the answer and in the problem', async () => {
  const server = await serve(script)
  const errorOf = async (path: string, body: object) => (await post(server.url + path, body)).json
  expect(await errorOf(RESPONSES, { model: 'm' })).toMatchObject({
    error: { code: 'missing_required_parameter', param: 'input' },
  })
  expect(await errorOf(CHAT, { ...chat, messages: [{ role: 'user', content: [{ text: 'x' }] }] })).toMatchObject({
    error: { code: 'missing_required_parameter', param: 'messages[0].content[0].type' },
  })
  expect(await errorOf(CHAT, { ...chat, stream: 'yes' })).toMatchObject({
    error: { code: 'invalid_type', param: 'stream' },
  })
  await errorOf(MESSAGES, { ...message, max_tokens: undefined, stream: 1 })
  expect(server.takeProblems().map(({ pointer }) => pointer)).toEqual([
    '/input',
    '/messages/0/content/0/type',
    '/stream',
    '/max_tokens',
    '/stream',
  ])
  await server.close({ unused: false })
})
