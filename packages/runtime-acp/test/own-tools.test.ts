import { endOf, jsonLines as lines } from '@seamark/testing'
import { expect, it } from 'vitest'
import { agent, hear } from './said.ts'

it('uses what is ours, as often as it waits, and nothing that only has its name', async () => {
  const own = { command: '/t/node', args: [], tools: ['wait_for_items'] }
  const title = 'mcp__seamark__wait_for_items'
  const waits = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => {
      const toolCallId = `t${from + n}`
      const call = { kind: 'other', title, rawInput: {} }
      return [
        agent.uses(toolCallId, call),
        agent.asks(from + n, { toolCallId, ...call }),
        agent.used(toolCallId, { status: 'completed' }),
      ]
    }).flat()
  const named = agent.asks(99, { toolCallId: 'x', kind: 'execute', title, rawInput: { command: 'git push' } })
  const said = lines(agent.hello(), agent.session(), ...waits(0, 30), named, agent.end())
  const about = { task: { tools: { shell: ['git log'] }, mcpServers: { seamark: own } } }
  const { events } = await hear(said, { repeats: { nudge: 2, stop: 4 } }, about)
  const answers = events.flatMap((event) => (event.type === 'allowance' || event.type === 'denial' ? [event] : []))
  expect(answers.map(({ type, tool }) => `${type} ${tool}`)).toEqual([
    ...Array.from({ length: 30 }, () => `allowance ${title}`),
    `denial ${title}`,
  ])
  expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
})
