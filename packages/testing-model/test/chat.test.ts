import { expect, test } from 'vitest'
import { tokensOf, tokensOfJson } from '../src/index.ts'
import { openai } from './clients-port.ts'
import type { OpenAI } from './clients-port.ts'
import { serve, TOOL } from './support.ts'

const { name, description, schema: parameters } = TOOL
const tools = [{ type: 'function' as const, function: { name, description, parameters } }]
const model = 'gpt-5-mini'
const text = 'I will read both: größer als 🌊.'

const turns = [
  {
    expect: { api: 'openai.chat', contains: 'Read them', system: 'brief', tools: 'read_file' },
    answer: [
      { thinking: 'Two files.' },
      { text },
      { tool: 'read_file', input: { path: 'a' } },
      { tool: 'read_file', input: { path: 'ä/b.txt' }, id: 'call_second' },
    ],
  },
  {
    expect: { result: { tool: 'read_file', contains: 'second' } },
    answer: 'Both say something.',
    usage: { cacheRead: 10 },
  },
] as const

type Messages = OpenAI.Chat.ChatCompletionMessageParam[]

test.for([true, false])(
  'the client of OpenAI goes through a loop of tools in a chat, streaming: %s',
  async (stream) => {
    const server = await serve(turns)
    const client = openai(server.url)
    const ask = async (messages: Messages) => {
      const body = { model, tools, messages }
      if (!stream) return client.chat.completions.create(body)
      return client.chat.completions.stream({ ...body, stream_options: { include_usage: true } }).finalChatCompletion()
    }
    const begin: Messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Read them.' }] },
    ]
    const first = await ask(begin)
    const [choice] = first.choices
    expect(choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: text,
        tool_calls: [
          { type: 'function', function: { name: 'read_file', arguments: '{"path":"a"}' } },
          { id: 'call_second', function: { arguments: '{"path":"ä/b.txt"}' } },
        ],
      },
    })
    const input = tokensOf('Be brief.') + tokensOf('Read them.') + tokensOfJson(tools[0])
    const said = tokensOf(text) + tokensOfJson({ path: 'a' }) + tokensOfJson({ path: 'ä/b.txt' })
    expect(first.usage).toMatchObject({
      prompt_tokens: input,
      completion_tokens: said + tokensOf('Two files.'),
      total_tokens: input + said + tokensOf('Two files.'),
      completion_tokens_details: { reasoning_tokens: tokensOf('Two files.') },
    })
    const calls = choice?.message.tool_calls ?? []
    const second = await ask([
      ...begin,
      { role: 'assistant', content: text, tool_calls: calls },
      ...calls.map(({ id }, index) => ({
        role: 'tool' as const,
        tool_call_id: id,
        content: ['the first', 'the second'][index] ?? '',
      })),
    ])
    expect(second.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Both say something.' } })
    expect(second.usage).toMatchObject({
      // What was thought is not said again.
      prompt_tokens: input + said + tokensOf('the first') + tokensOf('the second'),
      prompt_tokens_details: { cached_tokens: 10 },
      total_tokens: (second.usage?.prompt_tokens ?? 0) + tokensOf('Both say something.'),
    })
  },
)

test('chunks come in the order of the API, with the usage only where it was asked for', async () => {
  const answer = [{ text: 'Hi' }, { tool: 'read_file', input: { path: 'a' } }]
  const server = await serve([{ answer, times: 2 }])
  const client = openai(server.url)
  const chunks = async (more: object) => {
    const seen: OpenAI.Chat.ChatCompletionChunk[] = []
    const messages: Messages = [{ role: 'user', content: 'Hi' }]
    for await (const one of await client.chat.completions.create({ model, tools, messages, stream: true, ...more }))
      seen.push(one)
    return seen
  }
  const counted = await chunks({ stream_options: { include_usage: true } })
  expect(counted.map(({ choices: [one], usage }) => [one?.delta, one?.finish_reason, usage === null])).toEqual([
    [{ role: 'assistant', content: '', refusal: null }, null, true],
    [{ content: 'Hi' }, null, true],
    [
      {
        tool_calls: [
          { index: 0, id: expect.any(String), type: 'function', function: { name: 'read_file', arguments: '' } },
        ],
      },
      null,
      true,
    ],
    [{ tool_calls: [{ index: 0, function: { arguments: '{"path":"a"}' } }] }, null, true],
    [{}, 'tool_calls', true],
    [undefined, undefined, false],
  ])
  const silent = await chunks({})
  expect(silent).toHaveLength(5)
  expect(silent.some((chunk) => 'usage' in chunk)).toBe(false)
})
