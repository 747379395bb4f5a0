import type { AgentEvent } from '@seamark/core'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hear } from './said.ts'

const folder = join(import.meta.dirname, 'streams')
const tools = { shell: ['touch *'], deny: [] }

/** What each agent said in full; its model tried `curl`, which is denied, then `touch`, and was done. */
describe.each(readdirSync(folder))('what %s said', (agent) => {
  const stdout = readFileSync(join(folder, agent, 'denied-then-allowed.jsonl'))
  const of = (events: readonly AgentEvent[], ...types: readonly AgentEvent['type'][]) =>
    events.filter(({ type }) => types.includes(type))

  it('is read as it was meant', async () => {
    const { events, wrote } = await hear(stdout, {}, { task: { tools } })
    expect(of(events, 'denial', 'allowance', 'turn-end')).toEqual([
      { type: 'denial', tool: 'curl http://evil.example', reason: 'not-listed' },
      { type: 'allowance', tool: 'touch made.txt', reason: 'listed' },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
    // Also the call that was denied, of which Codex says nothing but that it asks for it.
    expect(of(events, 'tool')).toHaveLength(2)
    expect(of(events, 'tool', 'denial').map(({ type }) => type)).toEqual(['tool', 'denial', 'tool'])
    expect(events[0]).toMatchObject({ type: 'progress', text: expect.stringContaining(agent.replace(/-[^-]*$/, '')) })
    expect(wrote.at(-1)).toBe('end')
  })

  it('is read alike from any place, cut anywhere', async () => {
    const { driven, events } = await hear(stdout, {}, { task: { tools } })
    for (const [index, { state }] of driven.entries()) {
      const rest = await hear(stdout, {}, { task: { tools }, state, chunkBytes: 7 })
      expect(rest.events).toEqual(events.slice(index + 1))
    }
  })

  it('of a conversation that it goes on with is read as it was meant', async () => {
    const said = readFileSync(join(folder, agent, 'gone-on-with.jsonl'))
    const { events } = await hear(said, {}, { task: { tools, resume: { id: 's1' } } })
    expect(of(events, 'conversation', 'tool', 'turn-end')).toMatchObject([
      { type: 'conversation', id: 's1', resumed: true, program: expect.stringMatching(/[a-z-]+ \d+\.\d+/) },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
  })

  it('ends where a command was done that the policy refuses', async () => {
    const { events } = await hear(stdout, {}, { task: { tools: { shell: [] } } })
    expect(of(events, 'turn-end')).toMatchObject([{ completed: false, reason: 'unasked-tool' }])
  })
})

it.each(readdirSync(folder))('holds %s to a number of tool calls, by what it said', async (agent) => {
  const stdout = readFileSync(join(folder, agent, 'denied-then-allowed.jsonl'))
  const held = async (maxToolCalls: number) => hear(stdout, { maxToolCalls }, { task: { tools } })
  const [few, enough] = [await held(1), await held(2)]
  expect(few.events.at(-1)).toMatchObject({ completed: false, reason: 'max-tool-calls' })
  expect(few.wrote.slice(-2)).toMatchObject([{ method: 'session/cancel' }, 'end'])
  expect(enough.events.at(-1)).toMatchObject({ completed: true })
})
