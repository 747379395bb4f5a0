import { PROMPTED as task, answersOf, jsonLines as lines } from '@seamark/testing'
import { expect, it } from 'vitest'
import { agent, hear } from './said.ts'

const opening = [agent.hello(), agent.session()]

it('has tools of servers of ours allowed under patterns of commands, whatever they are called, and no others', async () => {
  const own = { command: '/t/node', args: ['/t/seamark-children', '/run/s'], tools: ['submit_items'] }
  const asked = (id: string, title: string, kind?: string) => [
    agent.uses(id, { title, ...(kind !== undefined && { kind }) }),
    agent.asks(id, { toolCallId: id, title: 'Approve MCP tool call' }),
  ]
  const { events } = await hear(
    lines(
      ...opening,
      ...asked('a', 'Tool: seamark/submit_items'),
      ...asked('b', 'Tool: other/submit_items'),
      ...asked('c', 'Tool: seamark/submit_items', 'execute'),
      agent.end(),
    ),
    {},
    { task: { ...task, mcpServers: { seamark: own } } },
  )
  expect(answersOf(events)).toEqual([
    'allowance mcp__seamark__submit_items contained',
    'denial mcp__other__submit_items unparsed',
    'denial mcp__seamark__submit_items unparsed',
  ])
})
