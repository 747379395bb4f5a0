import { expect, test } from 'vitest'
import { CONVERSATION_HEADER, startModelServer, tokensOf } from '../src/index.ts'
import { anthropic } from './clients-port.ts'
import { chat, input, message, post, serve } from './support.ts'

const asks = { ...message, messages: [{ role: 'user' as const, content: 'Hi' }] }
const tools = [{ name: 'loop', input_schema: { type: 'object' as const } }]

const textOf = (json: unknown): unknown => (json as { content: { text: string }[] }).content[0]?.text

test('conversations go on side by side, by path and by header', async () => {
  const server = await serve({
    turns: [{ answer: 'shared 1' }, { answer: 'shared 2' }],
    conversations: { own: { turns: [{ answer: 'own 1' }, { answer: 'own 2' }] } },
  })
  const say = async (name: string, by: 'path' | 'header') => {
    const url = by === 'path' ? server.conversation(name) : server.url
    return textOf(
      (await post(`${url}/v1/messages`, message, by === 'path' ? {} : { [CONVERSATION_HEADER]: name })).json,
    )
  }
  expect([await say('own', 'path'), await say('a', 'header'), await say('b', 'path')]).toEqual([
    'own 1',
    'shared 1',
    'shared 1',
  ])
  expect([await say('own', 'header'), await say('a', 'path'), await say('b', 'header')]).toEqual([
    'own 2',
    'shared 2',
    'shared 2',
  ])
  expect(server.calls.map(({ conversation }) => conversation)).toEqual(['own', 'a', 'b', 'own', 'a', 'b'])
})

test('a script with conversations of its own has no others', async () => {
  const server = await startModelServer({
    script: { version: 1, conversations: { own: { turns: [{ answer: 'x' }] } } },
  })
  expect((await post(`${server.url}/v1/messages`, message)).status).toBe(404)
  await expect(server.close()).rejects.toMatchObject({
    problems: [{ code: 'INVALID_INPUT' }, { code: 'CONFLICT' }],
  })
})

test('an aside answers without using up a turn', async () => {
  const server = await serve({
    asides: [
      { name: 'title', when: { system: 'title', offersTools: false }, answer: 'A title' },
      { name: 'quota', when: { maxTokensAtMost: 1, contains: 'quota' }, answer: '#' },
    ],
    turns: [{ expect: { contains: 'Hi' }, answer: 'The answer.' }],
  })
  const title = await post(`${server.url}/v1/messages`, { ...message, system: 'Write a title.' })
  const quota = await post(`${server.url}/v1/chat/completions`, {
    ...chat,
    messages: [{ role: 'user', content: 'quota' }],
    max_tokens: 1,
  })
  const answer = await post(`${server.url}/v1/responses`, input)
  expect([title.status, quota.status, answer.status]).toEqual([200, 200, 200])
  expect(server.calls).toMatchObject([{ aside: 'title' }, { aside: 'quota' }, { turn: 0 }])
})

test('a request that is not what its turn expects is told so, and leaves the turn', async () => {
  const server = await startModelServer({
    script: {
      version: 1,
      turns: [
        { expect: { model: 'claude-*-5', contains: ['Hi', 'there'], tools: ['a', 'b'], stream: true }, answer: 'x' },
      ],
    },
  })
  await expect(anthropic(server.url).messages.create(asks)).rejects.toMatchObject({ status: 400 })
  // Everything at once: a text, two tools, and no stream.
  expect(server.problems().map(({ check }) => check)).toEqual(Array.from({ length: 4 }, () => 'expectation'))
  expect(server.takeProblems()).toHaveLength(4)
  await expect(server.close()).rejects.toMatchObject({ code: 'CONFLICT', problems: [{ code: 'CONFLICT' }] })
  // Said once; a test that closes again in its end is not failed twice.
  await server.close()
})

test('a request more than there are turns fails the test', async () => {
  const server = await startModelServer({ script: { version: 1, turns: [{ answer: 'x' }] } })
  await post(`${server.url}/v1/messages`, message)
  expect((await post(`${server.url}/v1/messages`, message)).status).toBe(400)
  expect(server.problems()).toMatchObject([{ check: 'turns', request: 2 }])
  await expect(server.close()).rejects.toMatchObject({ code: 'CONFLICT' })
})

test('a loop without end calls the same tool again and again, each call with an id of its own', async () => {
  const server = await serve([{ answer: [{ tool: 'loop' }], times: 'unlimited' }])
  const client = anthropic(server.url)
  const messages: Parameters<typeof client.messages.create>[0]['messages'] = [{ role: 'user', content: 'Go.' }]
  const ids = new Set<string>()
  for (let turn = 0; turn < 20; turn++) {
    const { content, usage } = await client.messages.create({ ...asks, tools, messages })
    expect(usage.output_tokens).toBe(tokensOf('{}'))
    const [call] = content
    if (call?.type !== 'tool_use') throw new Error('no call')
    ids.add(call.id)
    messages.push(
      { role: 'assistant', content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id }] },
    )
  }
  expect(ids.size).toBe(20)
})

test('the same requests get the same answers, ids included', async () => {
  const run = async () => {
    const server = await serve([{ answer: [{ text: 'x' }, { tool: 'loop' }], times: 2 }], { now: () => 0 })
    const answers = [
      await post(`${server.url}/v1/messages`, { ...message, tools }),
      await post(`${server.url}/v1/messages`, { ...message, tools }),
    ]
    return answers.map(({ text }) => text)
  }
  expect(await run()).toEqual(await run())
})

test('an answer is no longer than the request allows', async () => {
  const answer = [{ text: 'größer 🌊🌊' }, { tool: 'loop' }]
  const server = await serve([{ answer, times: 3 }])
  const limited = async (tokens: number) => {
    const { json } = await post(`${server.url}/v1/messages`, { ...message, tools, max_tokens: tokens })
    const {
      content,
      stop_reason: stop,
      usage,
    } = json as { content: { text?: string }[]; stop_reason: string; usage: { output_tokens: number } }
    expect(usage.output_tokens).toBeLessThanOrEqual(tokens)
    return [stop, ...content.map(({ text }) => text)]
  }
  // 17 bytes: the first wave has 9 to 12, and is not cut.
  expect(await limited(3)).toEqual(['max_tokens', 'größer '])
  expect(await limited(5)).toEqual(['max_tokens', 'größer 🌊🌊'])
  expect(await limited(6)).toEqual(['tool_use', 'größer 🌊🌊', undefined])
})

test('messages of one role may be combined where the script says so', async () => {
  const server = await serve({ alternation: 'combined', turns: [{ answer: 'x' }] })
  const use = { type: 'tool_use', id: 'a', name: 'loop', input: {} }
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'user', content: 'there' },
    { role: 'assistant', content: 'x' },
    { role: 'assistant', content: [use] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] },
  ]
  expect((await post(`${server.url}/v1/messages`, { ...message, messages })).status).toBe(200)
})

test('what programs ask other services of a host is no problem', async () => {
  const server = await serve({
    ignorePaths: ['/v1/telemetry*'],
    asides: [{ name: 'a', when: { stream: true }, answer: '' }],
  })
  for (const path of ['/', '/api/hello', '/v1/telemetry/x']) expect((await fetch(server.url + path)).status).toBe(404)
  expect(server.calls.map(({ by }) => by)).toEqual(['ignored', 'ignored', 'ignored'])
})
