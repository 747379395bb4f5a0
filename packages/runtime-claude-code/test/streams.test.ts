import type { AgentEvent, RuntimeTask } from '@seamark/core'
import { PROMPTED as anyTask, answersOf, endOf } from '@seamark/testing'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hear } from './said.ts'
import { ANSWER, GONE, scenarios } from './scenarios.ts'

const folder = join(import.meta.dirname, 'streams')

it('there is what each version said that is taken, and of no other', () => {
  const { peerDependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  expect(peerDependencies).toEqual({ '@anthropic-ai/claude-code': readdirSync(folder).join(' || ') })
})

/** What each version of the program said; `claude.services.test.ts` records it. */
describe.each(readdirSync(folder))('what Claude Code %s said', (version) => {
  it('is of every scenario', () => {
    expect(readdirSync(join(folder, version)).toSorted()).toEqual(
      scenarios.map(({ name }) => `${name}.jsonl`).toSorted(),
    )
  })

  describe.each(scenarios)('of $name', ({ name, tools, options, resumes, told, end }) => {
    const stdout = readFileSync(join(folder, version, `${name}.jsonl`))
    const { tools: _, ...rest } = anyTask
    const id = /"init".*?"session_id":"([^"]+)"/.exec(stdout.toString())?.[1] ?? GONE
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
      const begun = [
        {
          type: 'progress',
          text: expect.stringMatching(`^Claude Code ${version}, conversation [0-9a-f-]{36}, model `),
        },
        { type: 'conversation', id, resumed: resumes !== undefined, program: `Claude Code ${version}` },
      ]
      if (end.reason !== 'resume') expect(events.slice(1, 3)).toEqual(begun)
      expect(wrote.at(-1)).toBe('end')
      // Every request of the program has one answer, and each under its number.
      const ids = (list: readonly unknown[], pattern: RegExp) =>
        list.flatMap((one) => pattern.exec(JSON.stringify(one))?.[1] ?? [])
      const requests = stdout
        .toString()
        .split('\n')
        .filter((line) => line.includes('"can_use_tool"'))
      const answers = ids(wrote, /"type":"control_response".*"request_id":"([^"]+)"/)
      expect(answers).toEqual(requests.map((line) => /"request_id":"([^"]+)"/.exec(line)?.[1]).slice(0, answers.length))
      expect(answers.length).toBe(told.length)
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

describe('what Claude Code said of its edit and test', () => {
  it.each(readdirSync(folder))('has tools, words, usage and cost in %s', async (version) => {
    const stdout = readFileSync(join(folder, version, 'edit-and-test.jsonl'))
    const { events } = await hear(stdout, {}, { task: { ...anyTask, tools: { shell: ['sh test.sh'] } } })
    const of = (type: AgentEvent['type']) => events.filter((event) => event.type === type)
    expect(of('tool').map((event) => 'name' in event && event.name)).toEqual(['Read', 'Edit', 'Bash: sh test.sh'])
    expect(of('usage')).toEqual([
      expect.objectContaining({ inputTokens: expect.any(Number), outputTokens: expect.any(Number) }),
    ])
    const texts = of('progress').map((event) => 'text' in event && event.text)
    expect(texts.slice(1)).toEqual(['I read it.', 'Done.', expect.stringMatching(/^\d+ turns$/)])
    const amount: unknown = expect.any(Number)
    expect(of('cost')).toEqual([{ type: 'cost', amount, currency: 'USD', of: 'turn' }])
  })
})

describe('what Claude Code said of its loop', () => {
  it.each(readdirSync(folder))('is told once for each time that it was told so in %s', async (version) => {
    const stdout = readFileSync(join(folder, version, 'loop.jsonl'))
    const tools = { shell: ['ls'], deny: [] }
    const { events } = await hear(stdout, { repeats: { nudge: 2, stop: 4 } }, { task: { ...anyTask, tools } })
    expect(events.filter(({ type }) => type === 'nudge' || type === 'turn-begin')).toEqual([
      { type: 'turn-begin' },
      { type: 'nudge', tool: 'Bash: ls', calls: 2 },
      { type: 'turn-begin' },
    ])
    expect(new Set(events.flatMap((event) => (event.type === 'tool' ? [event.kind] : [])))).toEqual(new Set(['Bash']))
  })
})

describe('the number of tool calls', () => {
  it.each(readdirSync(folder))('is held, by what the program said in %s', async (version) => {
    const stdout = readFileSync(join(folder, version, 'edit-and-test.jsonl'))
    const task = { ...anyTask, tools: { shell: ['sh test.sh'] } }
    const [few, enough] = [
      await hear(stdout, { maxToolCalls: 2 }, { task }),
      await hear(stdout, { maxToolCalls: 3 }, { task }),
    ]
    expect(few.events.at(-1)).toEqual({
      type: 'turn-end',
      completed: false,
      reason: 'max-tool-calls',
      detail: 'It may make 2 tool calls, and made one more.',
    })
    expect(few.wrote.slice(-2)).toMatchObject([{ request: { subtype: 'interrupt' } }, 'end'])
    expect(endOf(enough.events)).toEqual({ completed: true, reason: 'completed' })
  })
})
