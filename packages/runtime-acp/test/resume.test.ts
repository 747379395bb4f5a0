import type { JsonObject } from '@seamark/core'
import { PROMPTED as task, answersOf, endOf, jsonLines as lines } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { acp } from '../src/index.ts'
import { agent, hear } from './said.ts'

const asks = (params: JsonObject): JsonObject => ({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params })
const opening = [agent.hello(), agent.session()]

describe('a question', () => {
  it('ends the turn, with its fields and their choices, and nothing after it is done', async () => {
    const properties = {
      colour: { type: 'string', title: 'Colour', enum: ['red', 'blue'] },
      size: { type: 'string', oneOf: [{ const: 's', title: 'Small' }] },
    }
    const form = asks({ sessionId: 's1', mode: 'form', message: 'How is it?', requestedSchema: { properties } })
    const late = agent.asks(7, { toolCallId: 't', kind: 'execute', rawInput: { command: 'git status' } })
    const { events, wrote } = await hear(lines(...opening, agent.says('I ask.'), form, late, agent.end()))
    expect(events.slice(2)).toEqual([
      { type: 'turn-begin' },
      { type: 'progress', text: 'I ask.' },
      { type: 'question', id: 'q', text: 'How is it?\n\nColour\n1. red\n2. blue\n\nsize\n1. Small' },
      { type: 'turn-end', completed: false, reason: 'question' },
    ])
    expect(wrote.slice(3)).toMatchObject([
      { id: 'q', result: { action: 'cancel' } },
      { method: 'session/cancel' },
      'end',
    ])
  })

  it.each([
    ['that asks to go to a page', [...opening, asks({ mode: 'url', url: 'https://x.example', message: 'Go.' })]],
    ['that asks nothing', [...opening, asks({ message: ' ' })]],
    ['before it has the prompt', [agent.hello(), asks({ message: 'Which?' }), agent.session()]],
  ])('%s is declined', async (_, said) => {
    const { events, wrote } = await hear(lines(...said, agent.end()))
    expect([answersOf(events), endOf(events)]).toEqual([[], { completed: true, reason: 'completed' }])
    expect(wrote).toContainEqual({ jsonrpc: '2.0', id: 'q', result: { action: 'decline' } })
  })
})

describe('a conversation that is gone on with', () => {
  const answer = { question: { id: 'q', text: 'Which?' }, text: 'Blue' }
  const resumed = { resume: { id: 's1', answer } }
  const able = { loadSession: true, sessionCapabilities: { resume: {} } }
  const hello = (capabilities: JsonObject) => agent.hello('1.2.3', 1, capabilities)
  const done: JsonObject = { jsonrpc: '2.0', id: 1, result: {} }

  it.each<[string, JsonObject, JsonObject]>([
    ['session/resume', able, done],
    ['session/load', { loadSession: true }, done],
    ['session/load', { loadSession: true, sessionCapabilities: {} }, { ...done, result: null }],
  ])('is opened by %s, and told the answer alone', async (method, capabilities, opened) => {
    const options = { instructions: 'Mind the boat.', keeps: ['.fake/talks'] }
    const { wrote, events } = await hear(lines(hello(capabilities), opened, agent.end()), options, { task: resumed })
    expect(wrote[1]).toMatchObject({ method, params: { sessionId: 's1', cwd: '/w', mcpServers: [] } })
    expect(events[1]).toMatchObject({ type: 'conversation', id: 's1', resumed: true })
    expect(JSON.stringify(wrote[2])).toMatch(/"session\/prompt".*Which\?.*Blue/)
    expect(JSON.stringify(wrote)).not.toMatch(/Mind the boat|do it/)
    expect((await acp({ argv: ['fake'], ...options }).prepare(task)).keeps).toEqual(['.fake/talks'])
  })

  it('has what is said again of it counted as nothing', async () => {
    const uses = { kind: 'execute', title: 'git push', rawInput: { command: 'git push' }, status: 'completed' }
    const again = [agent.says('I asked.\n'), agent.uses('t', uses)]
    const said = [hello({ loadSession: true }), ...again, done, agent.says('Blue.\n'), agent.end()]
    const { events } = await hear(lines(...said), {}, { task: resumed })
    expect(events.slice(1)).toMatchObject([
      { type: 'conversation', id: 's1', resumed: true },
      { type: 'turn-begin' },
      { type: 'progress', text: 'Blue.' },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
  })

  it.each([
    ['can not be', [hello({})]],
    ['is not there', [hello(able), agent.error(1, 'Resource not found')]],
  ])('and %s says so', async (_, said) => {
    const { events } = await hear(lines(...said), {}, { task: resumed })
    expect(endOf(events)).toEqual({ completed: false, reason: 'resume' })
  })

  it.each(['/etc', '../x', 'a//b', '.', ''])('keeps nothing outside the home, as %j', (path) => {
    expect(() => acp({ argv: ['fake'], keeps: [path] })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})
