import type { AgentEvent, RuntimeTask } from '@seamark/core'
import { PROMPTED as anyTask, answersOf, endOf } from '@seamark/testing'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hear } from './said.ts'
import { ANSWER, GONE, scenarios } from './scenarios.ts'

const folder = join(import.meta.dirname, 'streams')
const isRequest = (line: string): boolean => /^\{"method":"[^"]+","id":/.test(line)
const idsOf = (list: readonly unknown[]) =>
  list.flatMap((one) => /^\{"id":(\d+),"result"/.exec(JSON.stringify(one))?.[1] ?? [])

it('there is what each version said that is taken, and of no other', () => {
  const { peerDependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  expect(peerDependencies).toEqual({ '@openai/codex': readdirSync(folder).join(' || ') })
})

/** What each version of the program said; `codex.services.test.ts` records it. */
describe.each(readdirSync(folder))('what Codex %s said', (version) => {
  it('is of every scenario', () => {
    expect(readdirSync(join(folder, version)).toSorted()).toEqual(
      scenarios.map(({ name }) => `${name}.jsonl`).toSorted(),
    )
  })

  describe.each(scenarios)('of $name', ({ name, tools, options, resumes, told, end }) => {
    const stdout = readFileSync(join(folder, version, `${name}.jsonl`))
    const { tools: _, ...rest } = anyTask
    const id = /"id":"seamark-thread","result":\{"thread":\{"id":"([^"]+)"/.exec(stdout.toString())?.[1] ?? GONE
    const question = { id: 'q', text: 'Which colour?' }
    const resume = { id, ...(resumes === 'asked' && { answer: { question, text: ANSWER } }) }
    const task: RuntimeTask = {
      ...rest,
      ...(tools !== undefined && { tools }),
      ...(resumes !== undefined && { resume }),
    }

    it('is read as it was meant', async () => {
      const { events, wrote } = await hear(stdout, options, { task })
      expect({ told: answersOf(events), end: endOf(events) }).toEqual({ told, end })
      expect(events[0]).toEqual({ type: 'progress', text: `Codex ${version}` })
      if (end.reason !== 'resume')
        expect(events.slice(1, 3)).toEqual([
          { type: 'progress', text: expect.stringMatching(/^Conversation [0-9a-f-]{36}, model gpt-/) },
          { type: 'conversation', id, resumed: resumes !== undefined, program: `Codex ${version}` },
        ])
      expect(wrote.at(-1)).toBe('end')
      // Every request of the program has one answer, and each under its number; a question has none.
      const requests = stdout.toString().split('\n').filter(isRequest)
      const answered = requests.filter((line) => !line.includes('requestUserInput'))
      expect(idsOf(wrote)).toEqual(answered.map((line) => /"id":(\d+)/.exec(line)?.[1]))
      expect(requests.length).toBe(told.length)
    })

    it('is read alike from any place, cut anywhere', async () => {
      const { driven, events } = await hear(stdout, options, { task })
      for (const [index, { state }] of driven.entries()) {
        const again = await hear(stdout, options, { task, state, chunkBytes: 501 })
        expect(again.events).toEqual(events.slice(index + 1))
      }
    })
  })
})

describe('what Codex said of its edit and test', () => {
  it.each(readdirSync(folder))('has tools, words and usage in %s', async (version) => {
    const stdout = readFileSync(join(folder, version, 'edit-and-test.jsonl'))
    const { events } = await hear(stdout, { skills: { knots: '' } }, { task: { ...anyTask, tools: {} } })
    const of = (type: AgentEvent['type']) => events.filter((event) => event.type === type)
    expect(of('tool').map((event) => 'name' in event && event.name)).toEqual(['ls', 'edit', 'sh test.sh'])
    expect(of('tool').map((event) => 'kind' in event && event.kind)).toEqual([
      'commandExecution',
      'fileChange',
      'commandExecution',
    ])
    expect(of('usage').length).toBe(4)
    expect(of('progress').flatMap((event) => ('text' in event ? [event.text] : []))).toEqual(
      expect.arrayContaining(['I read it.', 'Done.']),
    )
  })
})

describe('what Codex said of a tool of an MCP server', () => {
  it.each(readdirSync(folder))('is counted by the name of that tool in %s', async (version) => {
    const stdout = readFileSync(join(folder, version, 'mcp-tool.jsonl'))
    const scenario = scenarios.find(({ name }) => name === 'mcp-tool')
    const { events } = await hear(stdout, scenario?.options, { task: anyTask })
    const kinds = events.flatMap((event) => (event.type === 'tool' ? [event.kind] : []))
    expect(kinds).toContainEqual(expect.stringMatching(/^mcp__[a-z]+__[a-z_]+$/))
  })
})

describe('the number of tool calls', () => {
  it.each(readdirSync(folder))('is held, by what the program said in %s', async (version) => {
    const stdout = readFileSync(join(folder, version, 'edit-and-test.jsonl'))
    const task = { ...anyTask, tools: {} }
    const held = async (maxToolCalls: number) => hear(stdout, { skills: { knots: '' }, maxToolCalls }, { task })
    const [few, enough] = [await held(2), await held(3)]
    expect(few.events.at(-1)).toEqual({
      type: 'turn-end',
      completed: false,
      reason: 'max-tool-calls',
      detail: 'It may make 2 tool calls, and made one more.',
    })
    expect(few.wrote.slice(-2)).toMatchObject([{ method: 'turn/interrupt' }, 'end'])
    expect(endOf(enough.events)).toEqual({ completed: true, reason: 'completed' })
  })
})
