import { expect, test } from 'vitest'
import { tokensOf, tokensOfJson } from '../src/index.ts'
import { openai } from './clients-port.ts'
import type { OpenAI } from './clients-port.ts'
import { serve, TOOL } from './support.ts'

const { name, description, schema: parameters } = TOOL
const tools = [{ type: 'function' as const, name, description, parameters, strict: false }]
const model = 'gpt-5-mini'
const text = 'I will read it: größer als 🌊.'

const turns = [
  {
    expect: { api: 'openai.responses', contains: 'Read it', system: 'brief', tools: 'read_file' },
    answer: [{ thinking: 'A file has to be read.' }, { text }, { tool: 'read_file', input: { path: 'ä/b.txt' } }],
  },
  {
    expect: { result: { tool: 'read_file', contains: 'contents' } },
    answer: 'It says: contents.',
    usage: { cacheRead: 10 },
  },
] as const

type Input = OpenAI.Responses.ResponseInput

test.for([
  [true, false],
  [false, false],
  [true, true],
] as const)('the client of OpenAI goes through a loop of tools, streaming: %s, stored: %s', async ([stream, store]) => {
  const server = await serve(turns)
  const client = openai(server.url)
  const ask = async (input: Input, previous?: string) => {
    const body = {
      model,
      instructions: 'Be brief.',
      tools,
      input,
      store,
      ...(previous !== undefined && { previous_response_id: previous }),
    }
    if (!stream) return client.responses.create(body)
    return client.responses.stream(body).finalResponse()
  }
  const question = { role: 'user' as const, content: 'Read it.' }
  const first = await ask([question])
  expect(first).toMatchObject({
    model,
    status: 'completed',
    output: [
      { type: 'reasoning', summary: [{ text: 'A file has to be read.' }] },
      { type: 'message', content: [{ type: 'output_text', text }] },
      { type: 'function_call', name: 'read_file' },
    ],
  })
  const input = tokensOf('Be brief.') + tokensOf('Read it.') + tokensOfJson(tools[0])
  const reasoning = tokensOf('A file has to be read.')
  const output = reasoning + tokensOf(text) + tokensOfJson({ path: 'ä/b.txt' })
  expect(first.usage).toEqual({
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  })
  const call = first.output.find(({ type }) => type === 'function_call') as OpenAI.Responses.ResponseFunctionToolCall
  expect(JSON.parse(call.arguments)).toEqual({ path: 'ä/b.txt' })
  const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'The contents.' }
  const second = store ? await ask([result], first.id) : await ask([question, ...(first.output as Input), result])
  expect(second).toMatchObject({ status: 'completed', output: [{ content: [{ text: 'It says: contents.' }] }] })
  expect(second.usage).toMatchObject({
    input_tokens: input + output + tokensOf('The contents.'),
    input_tokens_details: { cached_tokens: 10 },
    total_tokens: input + output + tokensOf('The contents.') + tokensOf('It says: contents.'),
  })
})

test('events come in the order of the API, with their numbers', async () => {
  const server = await serve([{ answer: [{ text: 'Hi' }, { tool: 'read_file', input: { path: 'a' } }] }])
  const stream = await openai(server.url).responses.create({ model, tools, input: 'Hi', stream: true })
  const seen: string[] = []
  for await (const event of stream) {
    expect(event.sequence_number).toBe(seen.length)
    seen.push(event.type.replace('response.', ''))
  }
  expect(seen).toEqual([
    'created',
    'in_progress',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'output_item.done',
    'output_item.added',
    'function_call_arguments.delta',
    'function_call_arguments.done',
    'output_item.done',
    'completed',
  ])
})

test('a tool whose input is text is called with text', async () => {
  const server = await serve([{ answer: [{ tool: 'apply_patch', input: '*** Begin Patch\n*** End Patch\n' }] }])
  const client = openai(server.url)
  const answer = await client.responses.create({
    model,
    input: 'Go.',
    tools: [{ type: 'custom', name: 'apply_patch' }],
  })
  expect(answer.output).toMatchObject([{ type: 'custom_tool_call', input: '*** Begin Patch\n*** End Patch\n' }])
  expect(answer.usage?.output_tokens).toBe(tokensOf('*** Begin Patch\n*** End Patch\n'))
})
