import type { JsonObject } from '@seamark/core'
import { PROMPTED as task, answersOf, endOf, jsonLines as lines } from '@seamark/testing'
import { expect, it } from 'vitest'
import { hear, program } from './said.ts'

/** The same call, at its end. */
function ended(started: JsonObject): JsonObject {
  const text = JSON.stringify(started).replace('item/started', 'item/completed')
  return JSON.parse(text.replace('"status":"inProgress"', '"status":"completed"'))
}

it('uses what is ours, as often as it waits, whatever the policy says of commands', async () => {
  const own = { command: '/t/node', args: [], tools: ['wait_for_items'] }
  const about = { task: { ...task, tools: { shell: ['git *'] }, mcpServers: { seamark: own } } }
  const waits = (server: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => {
      const id = `t${from + n}`
      const asked = { serverName: server, message: 'May it?', _meta: { codex_approval_kind: 'mcp_tool_call' } }
      const use = program.calls(id, server, 'wait_for_items', {})
      return [use, program.requests(from + n, 'mcpServer/elicitation/request', asked), ended(use)]
    }).flat()
  const began = [program.hello(), program.thread(), program.server('seamark', 'ready'), program.began()]
  const said = lines(...began, ...waits('seamark', 0, 30), ...waits('other', 30, 31), program.end())
  const { events } = await hear(said, { repeats: { nudge: 2, stop: 4 } }, about)
  const answers = answersOf(events)
  expect(answers.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => answers[0]))
  expect([answers[0], answers[30]]).toEqual([
    'allowance mcp__seamark__wait_for_items contained',
    'denial mcp__other__wait_for_items unparsed',
  ])
  expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
})
