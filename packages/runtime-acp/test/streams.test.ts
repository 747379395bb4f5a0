import type { AgentEvent } from '@seamark/core'
import { answersOf, endOf } from '@seamark/testing'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hear } from './said.ts'
import { agents, scenarios, tools } from './scenarios.ts'

const folder = join(import.meta.dirname, 'streams')
const of = (events: readonly AgentEvent[], ...types: readonly AgentEvent['type'][]) =>
  events.filter(({ type }) => types.includes(type))

it('there is what each agent said in every scenario, and nothing else', () => {
  expect(readdirSync(folder).toSorted()).toEqual(agents.map(({ name }) => name).toSorted())
  for (const { name } of agents)
    expect(readdirSync(join(folder, name)).toSorted()).toEqual(scenarios.map((one) => `${one.name}.jsonl`).toSorted())
})

/** `real-agents.services.test.ts` records it. */
describe.each(agents)('what $name said', ({ name: agent }) => {
  const said = (scenario: string) => readFileSync(join(folder, agent, `${scenario}.jsonl`))

  describe.each(scenarios)('of $name', ({ name, options, answer, told, end }) => {
    const stdout = said(name)
    const task = { tools, ...(answer !== undefined && { resume: { id: 's1' } }) }

    it('is read as it was meant', async () => {
      const { events, wrote } = await hear(stdout, options, { task })
      expect({ told: answersOf(events), end: endOf(events) }).toEqual({ told, end })
      expect(events[0]).toMatchObject({ type: 'progress', text: expect.stringContaining(agent.replace(/-[^-]*$/, '')) })
      const resumed = answer !== undefined
      expect(of(events, 'conversation')).toMatchObject([
        { resumed, program: expect.stringMatching(/[a-z-]+ \d+\.\d+/), ...(resumed && { id: 's1' }) },
      ])
      expect(wrote.at(-1)).toBe('end')
    })

    it('is read alike from any place, cut anywhere', async () => {
      const { driven, events } = await hear(stdout, options, { task })
      for (const [index, { state }] of driven.entries()) {
        const rest = await hear(stdout, options, { task, state, chunkBytes: 501 })
        expect(rest.events).toEqual(events.slice(index + 1))
      }
    })
  })

  it('of a denied call is one call before its denial, also where it says nothing but that it asks', async () => {
    const { events } = await hear(said('denied-then-allowed'), {}, { task: { tools } })
    expect(of(events, 'tool', 'denial').map(({ type }) => type)).toEqual(['tool', 'denial', 'tool'])
  })

  it('ends where a command was done that the policy refuses', async () => {
    const { events } = await hear(said('denied-then-allowed'), {}, { task: { tools: { shell: [] } } })
    expect(of(events, 'turn-end')).toMatchObject([{ completed: false, reason: 'unasked-tool' }])
  })

  it('of its loop is told so once', async () => {
    const { events } = await hear(said('loop'), { repeats: { nudge: 2, stop: 4 } }, { task: { tools } })
    expect(of(events, 'nudge')).toEqual([{ type: 'nudge', tool: 'touch made.txt', calls: 2 }])
  })

  it('is held to a number of tool calls', async () => {
    const held = async (maxToolCalls: number) =>
      hear(said('denied-then-allowed'), { maxToolCalls }, { task: { tools } })
    const [few, enough] = [await held(1), await held(2)]
    expect(few.events.at(-1)).toMatchObject({ completed: false, reason: 'max-tool-calls' })
    expect(few.wrote.slice(-2)).toMatchObject([{ method: 'session/cancel' }, 'end'])
    expect(enough.events.at(-1)).toMatchObject({ completed: true })
  })
})
