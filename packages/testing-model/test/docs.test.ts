import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MODEL_CHECKS, parseScript, tokensOf } from '../src/index.ts'
import { anthropic } from './clients-port.ts'
import { message, serve, TOOL } from './support.ts'

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8')

test('the script of the how-to does what it says', async () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(read('../../../docs/how-to/scripted-model.md')) ?? []
  const { version: _, ...script } = parseScript(yaml)
  const server = await serve(script)
  const client = anthropic(server.url, 1)
  const tools = [{ name: TOOL.name, input_schema: TOOL.schema }]
  const user = { role: 'user' as const, content: 'What is in README.md?' }
  const title = await client.messages.create({ ...message, system: 'Write a title.', messages: [user] })
  expect(title.content).toMatchObject([{ text: 'Reading a file' }])
  const first = await client.messages.create({ ...message, tools, messages: [user] })
  const [, call] = first.content
  if (call?.type !== 'tool_use') throw new Error('no call')
  const last = await client.messages
    .stream({
      ...message,
      tools,
      messages: [
        user,
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: '# Seamark' }] },
      ],
    })
    .finalMessage()
  expect(last.content).toMatchObject([{ text: 'It is about Seamark.' }])
  expect(last.usage).toMatchObject({
    input_tokens: first.usage.input_tokens + first.usage.output_tokens + tokensOf('# Seamark') - 8,
    cache_read_input_tokens: 8,
  })
  expect(server.calls.map(({ status }) => status)).toEqual([200, 529, 200, 200])
})

test('the README names every check as the code does', () => {
  const rows = [...read('../README.md').matchAll(/^\| `([a-z-]+)` +\| (.+?) +\|$/gm)]
  const listed = new Map(rows.map(([, name = '', what = '']) => [name, what]))
  for (const [name, what] of Object.entries(MODEL_CHECKS)) expect(listed.get(name)).toBe(what)
})
