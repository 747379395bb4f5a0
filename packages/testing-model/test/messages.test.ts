import { expect, test } from 'vitest'
import { tokensOf, tokensOfJson } from '../src/index.ts'
import { anthropic } from './clients-port.ts'
import { serve, TOOL } from './support.ts'

const tools = [{ name: TOOL.name, description: TOOL.description, input_schema: TOOL.schema }]
const model = 'claude-opus-5-5'
const text = 'I will read it: größer als 🌊.'

const turns = [
  {
    expect: { api: 'anthropic.messages', model: 'claude-*', contains: 'Read it', tools: 'read_file' },
    answer: [{ thinking: 'A file has to be read.' }, { text }, { tool: 'read_file', input: { path: 'ä/b.txt' } }],
  },
  {
    expect: { result: { tool: 'read_file', contains: 'contents', failed: false } },
    answer: 'It says: contents.',
    usage: { cacheRead: 10, cacheWrite5m: 5, cacheWrite1h: 3 },
  },
] as const

test.for([true, false])('the client of Anthropic goes through a loop of tools, streaming: %s', async (stream) => {
  const server = await serve(turns)
  const client = anthropic(server.url)
  const ask = async (messages: Parameters<typeof client.messages.create>[0]['messages']) => {
    const body = { model, max_tokens: 500, system: 'Be brief.', tools, messages }
    if (!stream) return client.messages.create(body)
    return client.messages.stream(body).finalMessage()
  }
  const first = await ask([{ role: 'user', content: 'Read it.' }])
  expect(first).toMatchObject({
    model,
    role: 'assistant',
    stop_reason: 'tool_use',
    content: [
      { type: 'thinking', thinking: 'A file has to be read.' },
      { type: 'text', text },
      { type: 'tool_use', name: 'read_file', input: { path: 'ä/b.txt' } },
    ],
  })
  const input = tokensOf('Be brief.') + tokensOf('Read it.') + tokensOfJson(tools[0])
  const output = tokensOf('A file has to be read.') + tokensOf(text) + tokensOfJson({ path: 'ä/b.txt' })
  expect(first.usage).toMatchObject({ input_tokens: input, output_tokens: output, cache_read_input_tokens: 0 })
  const call = first.content.find(({ type }) => type === 'tool_use') as { id: string }
  const second = await ask([
    { role: 'user', content: 'Read it.' },
    { role: 'assistant', content: first.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'The contents.' }] },
  ])
  expect(second).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: 'It says: contents.' }] })
  expect(second.usage).toMatchObject({
    input_tokens: input + output + tokensOf('The contents.') - 18,
    cache_read_input_tokens: 10,
    cache_creation_input_tokens: 8,
    cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 3 },
    output_tokens: tokensOf('It says: contents.'),
  })
  expect(server.calls).toMatchObject([
    { turn: 0, status: 200, stream, delivered: 'whole' },
    { turn: 1, usage: { cacheRead: 10, cacheWrite5m: 5, cacheWrite1h: 3 } },
  ])
})

test('events come in the order of the API', async () => {
  const server = await serve([{ answer: [{ text: 'Hi' }, { tool: 'read_file', input: { path: 'a' } }] }])
  const stream = await anthropic(server.url).messages.create({
    model,
    max_tokens: 100,
    tools,
    messages: [{ role: 'user', content: 'Hi' }],
    stream: true,
  })
  const seen: unknown[] = []
  for await (const event of stream) seen.push('delta' in event && 'type' in event.delta ? event.delta.type : event.type)
  // The client leaves `ping` out.
  expect(seen).toEqual([
    'message_start',
    'content_block_start',
    'text_delta',
    'content_block_stop',
    'content_block_start',
    'input_json_delta',
    'input_json_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
})

test('tokens are counted as they are in an answer, and models are listed', async () => {
  const server = await serve({ models: [model], turns: [{ answer: 'Hello.' }] })
  const client = anthropic(server.url)
  const body = { model, system: 'Brief!', tools, messages: [{ role: 'user' as const, content: 'Größe?' }] }
  const counted = await client.messages.countTokens(body)
  const answer = await client.messages.create({ ...body, max_tokens: 100 })
  expect(counted.input_tokens).toBe(answer.usage.input_tokens)
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual([model])
  expect(await client.models.retrieve(model)).toMatchObject({ id: model, type: 'model' })
  expect(server.calls.map(({ by }) => by)).toEqual(['count', 'turn', 'models', 'models'])
})
