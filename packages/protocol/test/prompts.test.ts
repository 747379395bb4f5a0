import { describe, expect, test } from 'vitest'
import { PLAN_LIMITS, parsePlan } from '../src/index.ts'
import type { PlanDeployment } from '../src/index.ts'

const all = { cpu: 'enforced', memory: 'enforced', pids: 'enforced', disk: 'watched', idle: 'enforced' } as const
const deployment: PlanDeployment = {
  queues: ['default'],
  agents: ['writer'],
  executors: [{ name: 'sandbox', holds: { filesystem: 'private', network: 'none', limits: all } }],
  runtimes: ['command', 'asks', 'silent'],
  lineRuntimes: ['command'],
  promptRuntimes: ['asks', 'silent'],
  askingRuntimes: ['asks'],
}

const text = (item: string, head = '') => `version: 1\n${head}items:\n  - { id: a, ${item} }\n`
const git = 'workspace: { git: . }\n'

function read(item: string, head?: string) {
  const result = parsePlan(text(item, head), { deployment })
  return result.ok ? result.plan.items[0] : result.problems.map(({ code, place }) => `${code} ${place?.pointer}`)
}

describe('an item with a prompt', () => {
  test('has it, with model and effort of its own or of the defaults, and an empty command line', () => {
    expect(read('prompt: do it, runtime: asks, model: small')).toMatchObject({
      run: '',
      prompt: 'do it',
      model: 'small',
    })
    expect(read('prompt: do it', 'defaults: { runtime: asks, model: big, effort: high }\n')).toMatchObject({
      runtime: 'asks',
      model: 'big',
      effort: 'high',
    })
    expect(read('prompt: do it, runtime: asks, agent: writer')).toMatchObject({ agent: 'writer' })
  })

  test('may have it in a file of the base', () => {
    expect(read('prompt: { file: ./docs//task.md }, runtime: asks', git)).toMatchObject({
      prompt: { file: 'docs/task.md' },
    })
  })

  test('has no model of the defaults where it has a command line', () => {
    expect(read('run: x', 'defaults: { model: big }\n')).not.toHaveProperty('model')
  })

  test.each<[string, string[], string?]>([
    ['runtime: asks', ['INVALID_INPUT /items/0']],
    ['runtime: asks, agent: writer', ['UNSUPPORTED /items/0/agent']],
    ['prompt: x, run: y, runtime: asks', ['INVALID_INPUT /items/0/prompt']],
    ['run: y, runtime: asks', ['INVALID_INPUT /items/0/run']],
    ['prompt: x', ['INVALID_INPUT /items/0/prompt']],
    ['run: x, model: m, effort: e', ['INVALID_INPUT /items/0/model', 'INVALID_INPUT /items/0/effort']],
    ['prompt: " ", runtime: asks', ['INVALID_INPUT /items/0/prompt']],
    ['prompt: "a\\0b", runtime: asks', ['INVALID_INPUT /items/0/prompt']],
    ['prompt: 5, runtime: asks', ['INVALID_INPUT /items/0/prompt']],
    [
      'prompt: { path: a }, runtime: asks',
      ['INVALID_INPUT /items/0/prompt', 'INVALID_INPUT /items/0/prompt/path'],
      git,
    ],
    ['prompt: { file: a }, runtime: asks', ['INVALID_INPUT /items/0/prompt/file']],
    ['prompt: { file: ../a }, runtime: asks', ['INVALID_INPUT /items/0/prompt/file'], git],
    ['prompt: x, runtime: asks, model: -x', ['INVALID_INPUT /items/0/model']],
    ['prompt: x, runtime: asks, effort: "a b"', ['INVALID_INPUT /items/0/effort']],
  ])('that says %j is refused', (item, expected, head) => {
    expect(read(item, head)).toEqual(expected)
  })

  test('is held to a length', () => {
    const long = 'x'.repeat(PLAN_LIMITS.promptBytes + 1)
    expect(read(`prompt: ${long}, runtime: asks`)).toEqual(['LIMIT_EXCEEDED /items/0/prompt'])
  })
})

describe('a policy of commands', () => {
  const policy = 'tools: { shell: ["git *"] }'

  test('is taken where the program asks, and judges the gates', () => {
    expect(read(`prompt: x, runtime: asks, ${policy}`)).toMatchObject({
      policy: { policy: { tools: { shell: ['git *'] } } },
    })
    expect(read(`prompt: x, runtime: asks, ${policy}, gates: [{ run: npm test }]`)).toEqual([
      'FORBIDDEN /items/0/gates/0/run',
    ])
  })

  test('is refused where nobody asks', () => {
    expect(read(`prompt: x, runtime: silent, ${policy}`)).toEqual(['UNSUPPORTED /items/0/tools/shell/0'])
  })
})
