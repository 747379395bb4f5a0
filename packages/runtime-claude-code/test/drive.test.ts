import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import type { JsonObject } from '@seamark/core'
import { PROMPTED as task, answersOf, endOf, hearAgain, jsonLines as lines } from '@seamark/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claudeCode } from '../src/index.ts'
import { claude, hear } from './said.ts'

const opening = [claude.ready(), claude.init()]
const { argv: line } = await claudeCode().prepare(task)

describe('the command line', () => {
  it('asks for every command, reads nothing of the workspace, runs no hook, and has no key', () => {
    expect(line).toEqual(expect.arrayContaining(['--setting-sources=', '--strict-mcp-config']))
    const settings = line.find((one) => one.startsWith('--settings='))?.slice('--settings='.length) ?? ''
    expect(JSON.parse(settings)).toEqual({ permissions: { ask: ['Bash', 'Monitor'] }, disableAllHooks: true })
  })

  it('has what the item and the options say, whatever it looks like', async () => {
    const { argv, files, env } = await claudeCode({
      instructions: '--dangerously-skip-permissions',
      skills: { knots: 'Tie.' },
      projectSettings: true,
      maxTurns: 7,
    }).prepare({ ...task, model: '--bare', effort: 'high' })
    expect(argv).toEqual(
      expect.arrayContaining([
        '--append-system-prompt=--dangerously-skip-permissions',
        '--model=--bare',
        '--effort=high',
        '--max-turns=7',
        '--setting-sources=user,project',
      ]),
    )
    expect(files.map(({ path }) => path)).toEqual(['.claude/skills/knots/SKILL.md'])
    expect(env['ANTHROPIC_API_KEY']).toBe('placeholder')
  })

  it('has servers of ours beside those of the options, and lets their tools be used under patterns of commands', async () => {
    const own = { command: '/t/node', args: ['/t/seamark-children', '/run/s'], tools: ['submit_items'] }
    const about = { ...task, mcpServers: { seamark: own } }
    const { argv } = await claudeCode({ mcpServers: { files: { command: 'files-server' } } }).prepare(about)
    const config = argv.find((one) => one.startsWith('--mcp-config='))?.slice('--mcp-config='.length) ?? ''
    expect(JSON.parse(config)).toEqual({
      mcpServers: { files: { command: 'files-server' }, seamark: { command: own.command, args: own.args } },
    })
    const said = lines(
      ...opening,
      claude.asks('a', 't1', 'mcp__seamark__submit_items', { items: [] }),
      claude.asks('b', 't2', 'mcp__other__submit_items', { items: [] }),
      claude.result(),
    )
    const { events } = await hear(said, {}, { task: about })
    expect(answersOf(events)).toEqual([
      'allowance mcp__seamark__submit_items contained',
      'denial mcp__other__submit_items unparsed',
    ])
  })

  it.each([
    { maxTurns: 0 },
    { skills: { '../x': '' } },
    { argv: [] },
    { instructions: 'x'.repeat(130_000) },
    { instructions: '\0' },
    { repeats: { nudge: 5, stop: 5 } },
    { maxToolCalls: 0 },
    { maxToolCalls: 1.5 },
    { endpoints: { A: 'https://api.example' } },
  ])('is refused for %j', (options) => {
    expect(() => claudeCode(options)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('has what the agent of the item says beside what the options say', async () => {
    const agent = {
      instructions: 'Write.',
      skills: [{ path: 'style/SKILL.md', bytes: new Uint8Array() }],
      mcpServers: { docs: { command: 'docs-mcp' } },
    }
    const { argv, files } = await claudeCode({ instructions: 'Be kind.' }).prepare({ ...task, agent })
    expect(argv).toEqual(
      expect.arrayContaining([
        '--append-system-prompt=Be kind.\n\nWrite.',
        '--setting-sources=user',
        '--mcp-config={"mcpServers":{"docs":{"command":"docs-mcp"}}}',
      ]),
    )
    expect(files.map(({ path }) => path)).toEqual(['.claude/skills/style/SKILL.md'])
    const twice = claudeCode({ skills: { style: 'Long.' } }).prepare({ ...task, agent })
    await expect(twice).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('is refused for an effort that the program would pass over, and without a prompt', async () => {
    const { prompt: _, ...promptless } = task
    for (const wrong of [{ ...task, effort: 'enormous' }, promptless])
      await expect(claudeCode().prepare(wrong)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('a conversation', () => {
  it('is opened, given the prompt once, and ended', async () => {
    const { wrote, events } = await hear(lines(...opening, claude.says('hi'), claude.init(), claude.result()))
    expect(wrote).toEqual([
      { type: 'control_request', request_id: 'seamark-initialize', request: { subtype: 'initialize' } },
      expect.objectContaining({ type: 'user', message: { role: 'user', content: [{ type: 'text', text: 'do it' }] } }),
      'end',
    ])
    expect(events).toEqual([
      { type: 'turn-begin' },
      { type: 'progress', text: 'Claude Code 2.1.330, conversation s1, model m' },
      { type: 'conversation', id: 's1', resumed: false, program: 'Claude Code 2.1.330' },
      { type: 'progress', text: 'hi' },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
  })

  it('tells usage since the last end, cached input with it, and what it costs', async () => {
    const m = (inputTokens: number, outputTokens: number) => ({
      modelUsage: { m: { inputTokens: 99, outputTokens: 99 } },
      model_usage_since_last_result: {
        m: { inputTokens, outputTokens, cacheReadInputTokens: 5, cacheCreationInputTokens: 2, costUSD: 0.5 },
      },
    })
    const uses = [1, 2].flatMap((n) => [claude.uses(`t${n}`, 'Read', {}), claude.used(`t${n}`)])
    const aborted = { is_error: true, subtype: 'error_during_execution', terminal_reason: 'aborted_streaming' }
    const { events, wrote } = await hear(
      lines(...opening, ...uses, claude.result({ ...aborted, ...m(10, 3) }), claude.result(m(20, 1))),
      { repeats: { nudge: 2, stop: 3 } },
    )
    expect(events.filter(({ type }) => type === 'usage')).toEqual([
      { type: 'usage', model: 'm', inputTokens: 17, outputTokens: 3 },
      { type: 'usage', model: 'm', inputTokens: 27, outputTokens: 1 },
    ])
    expect(events).toContainEqual({ type: 'cost', amount: 0.5, currency: 'USD', of: 'turn' })
    expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
    expect(wrote.slice(2)).toMatchObject([
      { type: 'control_request', request: { subtype: 'interrupt' } },
      { type: 'user' },
      'end',
    ])
  })
})

describe('a question', () => {
  const ask = (questions: JsonObject[]) => claude.asks('r', 'toolu_1', 'AskUserQuestion', { questions })

  it('ends the turn, with its choices by number, and nothing after it is done', async () => {
    const question = {
      question: 'Which\u001b[2J?',
      options: [{ label: 'Red' }, { label: 'Blue', description: 'the sea' }],
    }
    const late = claude.asks('r2', 't2', 'Bash', { command: 'git status' })
    const { events, wrote } = await hear(
      lines(...opening, claude.says('I ask.'), ask([question, { question: 'And?' }]), late, claude.result()),
    )
    expect(events.slice(4)).toEqual([
      { type: 'question', id: 'toolu_1', text: 'Which?\n1. Red\n2. Blue: the sea\n\nAnd?' },
      { type: 'turn-end', completed: false, reason: 'question' },
    ])
    expect(wrote.slice(2)).toMatchObject([
      { response: { request_id: 'r', response: { behavior: 'deny', interrupt: true } } },
      'end',
    ])
  })

  it('is at most 8,000 characters long', async () => {
    const many = Array.from({ length: 9 }, () => ({ question: 'x'.repeat(1_000) }))
    const { events } = await hear(lines(...opening, ask(many)))
    expect(events.find((event) => event.type === 'question')?.text).toHaveLength(8_000)
  })

  it.each([[[]], [[{ question: ' ' }]], [[{}]]])('that asks nothing, as %j, ends nothing', async (questions) => {
    const { events, wrote } = await hear(lines(...opening, ask(questions), claude.result()))
    expect([answersOf(events), endOf(events)]).toEqual([[], { completed: true, reason: 'completed' }])
    expect(wrote[2]).toMatchObject({ response: { response: { behavior: 'deny' } } })
  })
})

describe('a conversation that is gone on with', () => {
  const answer = { question: { id: 'q', text: 'Which?' }, text: 'Blue' }
  const prompt = (wrote: readonly unknown[]) => JSON.stringify(wrote[1])

  it('is asked for by its id, and told the answer', async () => {
    const resumed = { ...task, resume: { id: 's1', answer } }
    const { argv: again, keeps } = await claudeCode().prepare(resumed)
    expect([again.filter((one) => !line.includes(one)), keeps]).toEqual([['--resume=s1'], ['.claude/projects']])
    const { events, wrote } = await hear(lines(...opening, claude.result()), {}, { task: resumed })
    expect(events).toContainEqual(expect.objectContaining({ type: 'conversation', id: 's1', resumed: true }))
    expect(prompt(wrote)).toMatch(/Which\?.*Blue/)
    expect(prompt(wrote)).not.toContain('do it')
  })

  it('is asked to go on where nothing was asked', async () => {
    const { wrote } = await hear(lines(...opening, claude.result()), {}, { task: { ...task, resume: { id: 's1' } } })
    expect(prompt(wrote)).toMatch(/"text":"[^"]*Go on/)
    expect(prompt(wrote)).not.toContain('do it')
  })

  it.each<[string, JsonObject[]]>([
    ['is not there', [claude.result({ is_error: true, errors: ['No conversation found with session ID: s9'] })]],
    ['is another', [...opening, claude.says('Which answer?'), claude.result()]],
  ])('and %s says so', async (_, said) => {
    const { events } = await hear(lines(...said), {}, { task: { ...task, resume: { id: 's9', answer } } })
    const told = events.filter(({ type }) => type !== 'turn-begin')
    expect(told).toMatchObject([{ type: 'turn-end', completed: false, reason: 'resume' }])
  })
})

describe('one who repeats himself', () => {
  const uses = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => [
      claude.uses(`t${from + n}`, 'Read', {}),
      claude.used(`t${from + n}`),
    ]).flat()
  const repeats = { nudge: 2, stop: 4 }

  it('and is done meanwhile, is done', async () => {
    const { events, wrote } = await hear(lines(...opening, ...uses(0, 2), claude.result()), { repeats })
    expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
    expect(wrote.slice(2)).toMatchObject([{ request: { subtype: 'interrupt' } }, 'end'])
  })

  it('is denied all while his turn is cut, and stopped where he goes on', async () => {
    const asks = claude.asks('r', 'x', 'Bash', { command: 'git status' })
    const cut = claude.result({ is_error: true, terminal_reason: 'aborted_tools' })
    const { events } = await hear(lines(...opening, ...uses(0, 2), asks, cut, ...uses(2, 6)), { repeats })
    expect(answersOf(events)).toEqual(['denial Bash: git status canceled'])
    expect(endOf(events)).toEqual({ completed: false, reason: 'loop' })
  })
})

describe('a request', () => {
  const answered = async (tool: string, input: JsonObject) => {
    const { events, wrote } = await hear(lines(...opening, claude.asks('r', 't', tool, input), claude.result()))
    const [, , answer] = wrote
    return [answersOf(events)[0], answer]
  }
  const response = (behavior: string) => ({
    type: 'control_response',
    response: { subtype: 'success', request_id: 'r', response: expect.objectContaining({ behavior }) },
  })

  it.each([
    ['Bash', { command: 'git status' }, 'allowance Bash: git status listed', 'allow'],
    ['Bash', { command: 'git push' }, 'denial Bash: git push denied git push*', 'deny'],
    ['Bash', { command: 'git status; rm -rf /' }, 'denial Bash: git status; rm -rf / not-listed', 'deny'],
    ['Bash', {}, 'denial Bash unparsed', 'deny'],
    ['Write', { file_path: 'a', content: 'x'.repeat(20_000) }, 'allowance Write contained', 'allow'],
    ['WebSearch', { query: 'x' }, 'denial WebSearch unparsed', 'deny'],
    ['mcp__files__read', {}, 'denial mcp__files__read unparsed', 'deny'],
    ['constructor', {}, 'denial constructor unparsed', 'deny'],
  ])('for %s %j is answered: %s', async (tool, input, told, behavior) => {
    expect(await answered(tool, input)).toEqual([told, response(behavior)])
  })

  it('for a command that is too long to be read whole is denied', async () => {
    const [told, answer] = await answered('Bash', { command: `git status ${'x'.repeat(20_000)}` })
    expect([told?.toString().endsWith(' unparsed'), answer]).toEqual([true, response('deny')])
  })

  it('that is allowed is never given an input, and nothing for ever', async () => {
    const [, answer] = await answered('Edit', { file_path: 'a' })
    expect(answer).toMatchObject({ response: { response: { behavior: 'allow' } } })
    expect(JSON.stringify(answer)).not.toMatch(/updated/)
  })

  it('that is none for a tool is refused', async () => {
    const other = { type: 'control_request', request_id: 'x', request: { subtype: 'mcp_message' } }
    const { wrote } = await hear(lines(...opening, other, claude.result()))
    expect(wrote[2]).toMatchObject({ response: { subtype: 'error', request_id: 'x' } })
  })
})

describe('an end', () => {
  const error = (more: JsonObject) => claude.result({ is_error: true, terminal_reason: 'api_error', ...more })

  it.each<[string, (JsonObject | string)[], string]>([
    ['a rate limit', [...opening, error({ api_error_status: 429 })], 'rate-limit'],
    ['an overload', [...opening, error({ api_error_status: 529 })], 'rate-limit'],
    ['a refused login', [...opening, error({ api_error_status: 401 })], 'login'],
    ['a model that is not there', [...opening, error({ api_error_status: 404 })], 'model'],
    ['a full context', [...opening, error({ terminal_reason: 'prompt_too_long' })], 'context'],
    ['a refusal', [...opening, claude.result({ stop_reason: 'refusal' })], 'refused'],
    ['a turn that was cut', [...opening, error({ terminal_reason: 'aborted_tools' })], 'cancelled'],
    ['another error', [...opening, error({ result: 'boom' })], 'agent-error'],
    ['no end', [...opening, { type: 'result' }], 'protocol'],
    [
      'no conversation',
      [{ type: 'control_response', response: { subtype: 'error', request_id: 'seamark-initialize' } }],
      'initialize',
    ],
    ['an earlier version', [claude.ready(), claude.init({ claude_code_version: '2.1.329' })], 'agent-version'],
    ['a later version', [claude.ready(), claude.init({ claude_code_version: '2.1.331' })], 'agent-version'],
    ['a pre-release', [claude.ready(), claude.init({ claude_code_version: '2.1.330-rc.1' })], 'agent-version'],
    ['an end of nobody', [claude.ready(), claude.result()], 'agent-version'],
    ['a failure before it began', [claude.ready(), error({ api_error_status: 401 })], 'login'],
    ['no version', [claude.ready(), claude.says('hi')], 'agent-version'],
    [
      'a dead MCP server',
      [claude.ready(), claude.init({ mcp_servers: [{ name: 'f', status: 'failed' }] })],
      'mcp-server',
    ],
    ['no program', ['{"seamark":"program-missing"}'], 'program-missing'],
    ['silence', [], 'no-answer'],
    ['an end in the middle', opening, 'no-answer'],
  ])('that is %s has its reason', async (_, said, reason) => {
    const { events } = await hear(lines(...said))
    expect(endOf(events)).toEqual({ completed: false, reason })
  })

  it('that is not there, or is another one, is said with the line that installs one of its range', async () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
    expect([manifest.peerDependencies, manifest.peerDependenciesMeta]).toEqual([
      { '@anthropic-ai/claude-code': '2.1.330' },
      { '@anthropic-ai/claude-code': { optional: true } },
    ])
    const install = expect.stringContaining('npm install --global @anthropic-ai/claude-code@2.1.330')
    for (const said of [lines('{"seamark":"program-missing"}'), lines(claude.ready(), claude.says('hi'))])
      expect((await hear(said)).events.at(-1)).toMatchObject({ type: 'turn-end', detail: install })
  })

  it.each<[string, JsonObject, number | undefined]>([
    ['when it is over', { status: 'rejected', resetsAt: 1_795_445_038 }, 1_795_445_038_000],
    ['nothing of its end', { status: 'rejected' }, undefined],
    ['that another limit is near', { status: 'allowed_warning', resetsAt: 1_795_445_038 }, undefined],
  ])('by a limit of which the provider says %s', async (_, info, resetAt) => {
    const limit = { type: 'rate_limit_event', rate_limit_info: info }
    const { events } = await hear(lines(...opening, limit, error({ api_error_status: 429 })))
    const told = info['resetsAt'] === undefined ? {} : { resetAt: 1_795_445_038_000 }
    expect(events).toContainEqual({ type: 'rate-limit', reached: info['status'] === 'rejected', ...told })
    const fine = await hear(lines(...opening, { ...limit, rate_limit_info: { status: 'allowed' } }, claude.result()))
    expect(fine.events.filter(({ type }) => type === 'rate-limit')).toEqual([])
    expect(endOf(events)).toEqual({ completed: false, reason: 'rate-limit', ...(resetAt !== undefined && { resetAt }) })
  })

  it('of a message of 20 MB is gone on from, in whatever character it is cut', async () => {
    const long = claude.used('t', { content: '漢'.repeat(7_000_000) })
    const said = lines(...opening, claude.uses('t', 'Read', { file_path: 'a' }), long, claude.result())
    const { events } = await hear(said, {}, { chunkBytes: 65_537 })
    expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
  })

  it('of a message that is too long without its texts ends the turn', async () => {
    const many = claude.used('t', { content: Array.from({ length: 600_000 }, () => 1) })
    const { events } = await hear(lines(...opening, many, claude.result()))
    expect(endOf(events)).toEqual({ completed: false, reason: 'message-too-long' })
  })

  it('of one who did what the policy refuses without asking is at once, also where it failed', async () => {
    const use = claude.uses('t', 'Bash', { command: 'git push' })
    const meta = { tool_result_meta: [{ id: 't', permission_decision: { decision: 'accept' } }] }
    for (const used of [claude.used('t'), claude.used('t', { is_error: true }, meta)]) {
      const { events, wrote } = await hear(lines(...opening, use, used, claude.result()))
      expect(endOf(events)).toEqual({ completed: false, reason: 'unasked-tool' })
      expect(wrote.slice(-2)).toMatchObject([{ request: { subtype: 'interrupt' } }, 'end'])
    }
    const rejected = await hear(lines(...opening, use, claude.used('t', { is_error: true }), claude.result()))
    expect(endOf(rejected.events)).toEqual({ completed: true, reason: 'completed' })
  })

  it.each([null, {}, { acp: 1 }, { 'claude-code': 2 }, { 'claude-code': 1, offset: -1 }])(
    'is none where the state %j was not recorded here',
    async (state) => {
      await expect(hear(lines(), {}, { state })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    },
  )

  it('says the same for any output, any chunks and any restart', async () => {
    const pieces = [
      ...opening,
      claude.says('x\ny'),
      claude.uses('t', 'Bash', { command: 'git push' }),
      claude.asks('r', 't', 'Bash', { command: 'git push' }),
      claude.asks('q', 'u', 'AskUserQuestion', { questions: [{ question: 'Which?' }] }),
      claude.used('t', { is_error: true }),
      { type: 'system', subtype: 'api_retry', attempt: 1, max_retries: 2, error_status: 429 },
      error({ terminal_reason: 'aborted' }),
      claude.result({ model_usage_since_last_result: { m: { inputTokens: 1, outputTokens: 1 } } }),
      { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: 7 } },
      '{"type":"assistant","message":{"content":[null,{"type":"tool_use"}]}}',
      '{"type":"result","model_usage_since_last_result":[]}',
      '{',
      'no message',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...pieces), { maxLength: 25 }),
        fc.integer({ min: 1, max: 99 }),
        fc.nat(),
        async (said, chunkBytes, cut) => {
          const stdout = lines(...said)
          const { again, first } = await hearAgain((more) => hear(stdout, {}, more), cut, chunkBytes)
          expect(again).toEqual(first)
        },
      ),
      { numRuns: 200 },
    )
  })
})
