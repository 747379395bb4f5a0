import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { runtimeSuite } from '@seamark/conformance/runtime'
import type { AgentEvent } from '@seamark/core'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { begin, NODE, place, runs, until } from '../../../apps/server/test/seamark.ts'
import { subject } from '../src/runtime/subject.ts'
import { tapRuntime } from '../src/runtime/tap-runtime.ts'

registerSuite(runtimeSuite, subject, { describe, it })
registerSaboteurs(runtimeSuite, subject, { describe, it })
registerSuite(underTraits(runtimeSuite, subject), subject, { describe, it })

describe('a report', () => {
  async function events(report: string, code = 0): Promise<readonly AgentEvent[]> {
    const all: AgentEvent[] = []
    const access = {
      async *output() {
        yield new TextEncoder().encode(report)
      },
      write: async () => undefined,
      exit: Promise.resolve({ code, reason: 'exited', startedAt: 1, endedAt: 2, outputBytes: 0 } as const),
    }
    const task = { run: 'r', item: 'i', attempt: 1, command: 'true', workspaceDir: '/', env: {} }
    for await (const { event } of tapRuntime().drive(access, task, undefined)) all.push(event)
    return all
  }

  it.each([
    ['passed', '1..2\nok 1\nok 2 - two\n', 0],
    ['passed', 'ok 1 - one # SKIP not here\n1..1', 0],
    ['passed', '1..0 # SKIP nothing to do\n', 0],
    ['tests-missing', '1..2\nok 1\n', 0],
    ['tests-missing', '1..1\nok 1\nok 2\n', 0],
    ['no-plan', 'ok 1\n', 0],
    ['no-plan', '', 0],
    ['tests-failed', '1..1\nnot ok 1 - one\n', 0],
    ['bailed-out', '1..1\nok 1\nBail out! no disk\n', 0],
    ['exit-3', '1..1\nok 1\n', 3],
  ])('ends as %s: %j', async (reason, report, code) => {
    expect((await events(report, code)).at(-1)).toMatchObject({
      type: 'turn-end',
      completed: reason === 'passed',
      reason,
    })
  })

  it('tells what failed', async () => {
    expect(await events('1..2\nnot ok 1 - \u001b[31mred\u001b[0m\nok 2\n', 1)).toEqual([
      { type: 'progress', text: 'failed: red' },
      { type: 'turn-end', completed: false, reason: 'tests-failed', detail: '1 of 2 tests passed' },
    ])
  })

  it('tells what failed and may, and does not count it as passed', async () => {
    expect(await events('1..3\nok 1\nnot ok 2 - two # todo later\nok 3 - three # todo done\n')).toEqual([
      { type: 'progress', text: 'to do: two # todo later' },
      { type: 'turn-end', completed: true, reason: 'passed', detail: '2 of 3 tests passed, 1 to do' },
    ])
  })
})

it('fails an item whose tests end their process early, with exit code 0', async () => {
  const at = place()
  at.repository('work', {
    'good.test.mjs': "import test from 'node:test'\ntest('one', () => {})\n",
    // As a test does that calls a program's main function.
    'early.mjs': "console.log('TAP version 13\\n1..3\\nok 1 - one'); process.exit(0)\n",
  })
  at.write(
    'plan.yaml',
    `version: 1
name: tests
workspace: { git: work }
defaults: { executor: process, runtime: tap }
items:
  - { id: good, run: node --test --test-reporter=tap }
  - { id: early, run: node early.mjs }
`,
  )
  const config = ['--config', join(import.meta.dirname, '../src/tap.config.ts')]
  try {
    expect((await begin(at.dir, [...NODE, 'run', 'plan.yaml', ...config]).ended).code).toBe(11)
    const { out } = await begin(at.dir, [...NODE, 'status', 'last', '--json', ...config]).ended
    expect(JSON.parse(out).items).toMatchObject([
      { item: 'good', status: 'succeeded' },
      { item: 'early', status: 'failed' },
    ])
  } finally {
    await until(() => !runs(at.dir))
    at.remove()
  }
})
