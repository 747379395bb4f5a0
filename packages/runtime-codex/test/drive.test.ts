import type { JsonObject } from '@seamark/core'
import { PROMPTED as task, answersOf, endOf, hearAgain, jsonLines as lines } from '@seamark/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codex } from '../src/index.ts'
import { hear, program } from './said.ts'

const opening = [program.hello(), program.thread(), program.began()]
const { argv: line } = await codex().prepare(task)
const files = { command: 'files-server' }

describe('the command line', () => {
  it('speaks to the gateway alone, searches nothing, runs no hook, and has no key', async () => {
    expect(line).toEqual(
      expect.arrayContaining([
        'app-server',
        '--config=model_provider="seamark"',
        '--config=web_search="disabled"',
        '--config=features.hooks=false',
        '--config=features.plugins=false',
      ]),
    )
    expect((await codex().prepare(task)).env['OPENAI_API_KEY']).toBe('placeholder')
  })

  it('has settings of ours behind those of others, and skills in the home', async () => {
    const argv = ['codex', 'app-server', '--config=web_search="live"']
    const launch = await codex({ argv, skills: { knots: 'Tie.' } }).prepare(task)
    const at = (one: string) => launch.argv.indexOf(one)
    expect(at('--config=web_search="disabled"')).toBeGreaterThan(at('--config=web_search="live"'))
    expect(launch.files.map(({ path }) => path)).toEqual(['.codex/skills/knots/SKILL.md'])
  })

  it.each([
    { skills: { '../x': '' } },
    { mcpServers: { 'a.b': files } },
    { argv: [] },
    { argv: ['codex', '\0'] },
    { repeats: { nudge: 5, stop: 5 } },
    { maxToolCalls: 0 },
    { maxToolCalls: 1.5 },
    { endpoints: { A: 'https://api.example' } },
  ])('is refused for %j', (options) => {
    expect(() => codex(options)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('is refused without a prompt', async () => {
    const { prompt: _, ...promptless } = task
    await expect(codex().prepare(promptless)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('a conversation', () => {
  it('is opened, given the prompt once, and ended', async () => {
    const { wrote, events } = await hear(
      lines(...opening, program.says('hi'), program.end()),
      {},
      {
        task: { ...task, model: 'm', effort: 'high' },
      },
    )
    expect(wrote).toEqual([
      expect.objectContaining({ id: 'seamark-initialize', method: 'initialize' }),
      { method: 'initialized' },
      {
        id: 'seamark-thread',
        method: 'thread/start',
        params: {
          cwd: '/w',
          approvalPolicy: 'untrusted',
          sandbox: 'read-only',
          model: 'm',
          config: {
            mcp_servers: {},
            projects: { '/w': { trust_level: 'untrusted' } },
            project_doc_max_bytes: 0,
            skills: { include_instructions: false },
          },
        },
      },
      {
        id: 'seamark-turn',
        method: 'turn/start',
        params: {
          threadId: 's1',
          input: [{ type: 'text', text: 'do it', text_elements: [] }],
          approvalPolicy: 'untrusted',
          sandboxPolicy: { type: 'dangerFullAccess' },
          effort: 'high',
        },
      },
      'end',
    ])
    expect(events).toEqual([
      { type: 'progress', text: 'Codex 0.163.0' },
      { type: 'progress', text: 'Conversation s1, model m' },
      { type: 'conversation', id: 's1', resumed: false, program: 'Codex 0.163.0' },
      { type: 'turn-begin' },
      { type: 'progress', text: 'hi' },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
  })

  it('has only skills of ours, and those of the workspace where that was said', async () => {
    const listed = program.skills([
      { path: '/home/.codex/skills/knots/SKILL.md', scope: 'user' },
      { path: '/w/.codex/skills/foreign/SKILL.md', scope: 'repo' },
    ])
    const said = lines(program.hello(), listed, program.thread(), program.end())
    const { wrote } = await hear(said, { skills: { knots: '' } })
    expect(wrote[3]).toMatchObject({
      params: { config: { skills: { config: [{ path: '/w/.codex/skills/foreign/SKILL.md', enabled: false }] } } },
    })
    const open = await hear(lines(...opening, program.end()), { skills: { knots: '' }, projectSettings: true })
    expect(open.wrote[2]).toMatchObject({ method: 'thread/start', params: { config: { mcp_servers: {} } } })
  })

  it('begins once a server of ours did', async () => {
    const own = { command: '/t/node', args: ['/t/seamark-children', '/run/s'], tools: ['submit_items'] }
    const about = { task: { ...task, mcpServers: { seamark: own } } }
    const begun = [program.hello(), program.thread(), program.server('files', 'ready')]
    const early = await hear(lines(...begun), { mcpServers: { files } }, about)
    expect(early.wrote.some((one) => JSON.stringify(one).includes('turn/start'))).toBe(false)
    const { command, args } = own
    expect(early.wrote[2]).toMatchObject({ params: { config: { mcp_servers: { files, seamark: { command, args } } } } })
    const late = await hear(lines(...begun, program.server('seamark', 'ready')), { mcpServers: { files } }, about)
    expect(late.wrote.some((one) => JSON.stringify(one).includes('turn/start'))).toBe(true)
  })

  it('begins once its MCP servers did', async () => {
    const servers = { mcpServers: { files, notes: { url: 'http://127.0.0.1:1', headers: { a: 'b' } } } }
    const begun = [
      program.hello(),
      program.thread(),
      program.server('files', 'ready'),
      program.server('files', 'ready'),
    ]
    const early = await hear(lines(...begun), servers)
    expect(early.wrote.some((one) => JSON.stringify(one).includes('turn/start'))).toBe(false)
    expect(early.wrote[2]).toMatchObject({
      params: {
        config: {
          mcp_servers: {
            files: { command: 'files-server', args: [] },
            notes: { url: 'http://127.0.0.1:1', http_headers: { a: 'b' } },
          },
        },
      },
    })
    const late = await hear(lines(...begun, program.server('notes', 'ready'), program.end()), servers)
    expect(endOf(late.events)).toEqual({ completed: true, reason: 'completed' })
  })

  it('tells usage since it was last told, of agents inside it as well', async () => {
    const { events } = await hear(
      lines(
        ...opening,
        program.used(10, 3),
        program.used(7, 1, 's2'),
        program.used(30, 4),
        program.used(30, 4),
        program.end(),
      ),
    )
    expect(events.filter(({ type }) => type === 'usage')).toEqual([
      { type: 'usage', model: 'm', inputTokens: 10, outputTokens: 3 },
      { type: 'usage', model: 'm', inputTokens: 7, outputTokens: 1 },
      { type: 'usage', model: 'm', inputTokens: 20, outputTokens: 1 },
    ])
  })

  it('tells limits, what is tried again, warnings and another model', async () => {
    const limits = (usedPercent: number) =>
      program.tells('account/rateLimits/updated', { rateLimits: { primary: { usedPercent }, secondary: null } })
    const info = { responseStreamDisconnected: { httpStatusCode: 429 } }
    const retry = { message: 'Reconnecting... 1/5', codexErrorInfo: info, additionalDetails: 'slow down' }
    const { events } = await hear(
      lines(
        ...opening,
        limits(12.5),
        limits(19),
        limits(91),
        program.tells('error', { willRetry: true, error: retry }),
        program.tells('warning', { message: 'Mind this.\nAnd that.' }),
        program.tells('model/rerouted', { fromModel: 'm', toModel: 'n' }),
        program.end(),
      ),
    )
    expect(events.slice(4, 6)).toEqual([
      { type: 'rate-limit', reached: false, usedPercent: 12.5 },
      { type: 'rate-limit', reached: false, usedPercent: 91 },
    ])
    expect(events.slice(6, -1).map((event) => 'text' in event && event.text)).toEqual([
      'Reconnecting... 1/5 429 slow down',
      'Mind this.',
      'Model n answers for m',
    ])
  })

  it('is not ended by a turn of an agent inside it, which is held to the same', async () => {
    const inside = { threadId: 's2', turnId: 'u2' }
    const { events } = await hear(
      lines(
        ...opening,
        program.began('u2', { threadId: 's2' }),
        program.says('I look.', inside),
        program.asks(0, 't1', 'git push', inside),
        program.end('failed', null, { threadId: 's2' }),
        program.says('Done.'),
        program.end(),
      ),
    )
    expect(answersOf(events)).toEqual(['denial git push denied git push*'])
    expect(events.filter(({ type }) => type === 'progress').map((event) => 'text' in event && event.text)).toEqual([
      'Codex 0.163.0',
      'Conversation s1, model m',
      'Done.',
    ])
    expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
  })
})

describe('one who repeats himself', () => {
  const uses = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => [
      program.runs(`t${from + n}`, 'git status'),
      program.asks(from + n, `t${from + n}`, 'git status'),
      program.ran(`t${from + n}`, 'git status'),
    ]).flat()
  const repeats = { nudge: 2, stop: 4 }
  const interrupt = { method: 'turn/interrupt', params: { threadId: 's1', turnId: 'u1' } }

  it('and is done meanwhile, is done', async () => {
    const { events, wrote } = await hear(lines(...opening, ...uses(0, 2), program.end()), { repeats })
    expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
    expect(wrote.slice(-2)).toMatchObject([interrupt, 'end'])
  })

  it('is denied all while his turn is cut, told so, and stopped where he goes on', async () => {
    const asks = program.asks(9, 'x', 'git log')
    const said = lines(...opening, ...uses(0, 2), asks, program.end('interrupted'), program.began('u2'), ...uses(2, 6))
    const { events, wrote } = await hear(said, { repeats })
    expect(answersOf(events).slice(0, 3)).toEqual([
      'allowance git status listed',
      'allowance git status listed',
      'denial git log canceled',
    ])
    expect(endOf(events)).toEqual({ completed: false, reason: 'loop' })
    expect(wrote.filter((one) => JSON.stringify(one).includes('turn/start')).length).toBe(2)
    expect(wrote.slice(-2)).toMatchObject([{ ...interrupt, params: { turnId: 'u2' } }, 'end'])
  })
})

describe('an end', () => {
  const error = (codexErrorInfo: JsonObject | string, message = 'boom') =>
    program.end('failed', { message, codexErrorInfo, additionalDetails: null })
  const status = (httpStatusCode: number) => error({ responseTooManyFailedAttempts: { httpStatusCode } })

  it.each<[string, (JsonObject | string)[], string]>([
    ['a rate limit', [...opening, status(429)], 'rate-limit'],
    ['a used up quota', [...opening, error('usageLimitExceeded')], 'quota'],
    ['an overload', [...opening, error('serverOverloaded')], 'rate-limit'],
    ['a refused login', [...opening, status(401)], 'login'],
    ['a model that is not there', [...opening, status(404)], 'model'],
    ['a full context', [...opening, error('contextWindowExceeded')], 'context'],
    ['a full context in other words', [...opening, error('other', 'exceeds the context window')], 'context'],
    ['a refusal', [...opening, error('cyberPolicy')], 'refused'],
    ['a turn that was cut', [...opening, program.end('interrupted')], 'cancelled'],
    ['another error', [...opening, error('other')], 'agent-error'],
    ['an error of no kind', [...opening, error('constructor')], 'agent-error'],
    [
      'a turn that could not begin',
      [program.hello(), program.thread(), program.error('seamark-turn', 'no')],
      'agent-error',
    ],
    ['no end', [...opening, program.tells('turn/completed', {})], 'protocol'],
    ['no conversation', [program.hello(), program.error('seamark-thread', 'no')], 'session'],
    ['a conversation without an id', [program.hello(), program.thread({ thread: {} })], 'protocol'],
    ['one who does not ask', [program.hello(), program.thread({ approvalPolicy: 'never' })], 'protocol'],
    ['a refusal to begin', [program.error('seamark-initialize', 'no')], 'initialize'],
    ['an earlier version', [program.hello('0.162.9')], 'agent-version'],
    ['a later version', [program.hello('0.163.1')], 'agent-version'],
    ['a pre-release', [program.hello('0.163.0-alpha.4')], 'agent-version'],
    ['no version', [{ id: 'seamark-initialize', result: {} }], 'agent-version'],
    ['no program', ['{"seamark":"program-missing"}'], 'program-missing'],
    ['silence', [], 'no-answer'],
    ['an end in the middle', opening, 'no-answer'],
    ['a message without an end', [...opening, '{"method":"turn/completed"'], 'no-answer'],
  ])('that is %s has its reason', async (_, said, reason) => {
    const { events } = await hear(lines(...said))
    expect(endOf(events)).toEqual({ completed: false, reason })
  })

  it.each([
    [[program.hello(), program.thread(), program.server('files', 'failed')]],
    [[...opening.slice(0, 2), program.server('files', 'ready'), program.began(), program.server('files', 'failed')]],
    [[program.hello(), program.error('seamark-thread', 'required MCP servers failed: files')]],
  ])('of an MCP server that does not start names it', async (said) => {
    const { events } = await hear(lines(...said, program.end()), { mcpServers: { files } })
    expect(endOf(events)).toEqual({ completed: false, reason: 'mcp-server' })
    expect(JSON.stringify(events.at(-1))).toContain('files')
  })

  it('is none where skills could not be read whole', async () => {
    const { events } = await hear(lines(program.hello(), { id: 'seamark-skills', result: { data: 1 } }), {
      skills: { knots: '' },
    })
    expect(endOf(events)).toEqual({ completed: false, reason: 'protocol' })
  })

  it('of one who did what the policy refuses without asking is at once, also where it failed', async () => {
    for (const end of [{}, { status: 'failed', exitCode: 1 }]) {
      const { events, wrote } = await hear(
        lines(...opening, program.runs('t', 'git push'), program.ran('t', 'git push', end), program.end()),
      )
      expect(endOf(events)).toEqual({ completed: false, reason: 'unasked-tool' })
      expect(wrote.slice(-2)).toMatchObject([{ method: 'turn/interrupt' }, 'end'])
    }
    const declined = program.ran('t', 'git push', { status: 'declined', exitCode: null })
    const rejected = await hear(lines(...opening, program.runs('t', 'git push'), declined, program.end()))
    expect(endOf(rejected.events)).toEqual({ completed: true, reason: 'completed' })
  })

  it.each<
    [string, { primary: { usedPercent: number; resetsAt?: number }; secondary?: JsonObject }, number | undefined]
  >([
    ['when it is over', { primary: { usedPercent: 100, resetsAt: 1_795_445_038 } }, 1_795_445_038_000],
    [
      'when the last of two is over',
      { primary: { usedPercent: 100, resetsAt: 7 }, secondary: { usedPercent: 100, resetsAt: 9 } },
      9_000,
    ],
    ['nothing of its end', { primary: { usedPercent: 100 } }, undefined],
    ['that another is near', { primary: { usedPercent: 99, resetsAt: 7 } }, undefined],
  ])('by a limit of which the provider says %s', async (_, rateLimits, resetAt) => {
    const limits = program.tells('account/rateLimits/updated', { rateLimits })
    const { events } = await hear(lines(...opening, limits, error('rateLimitExceeded')))
    const { usedPercent } = rateLimits.primary
    const at = resetAt === undefined ? {} : { resetAt }
    expect(events).toContainEqual({ type: 'rate-limit', reached: usedPercent === 100, usedPercent, ...at })
    expect(endOf(events)).toEqual({ completed: false, reason: 'rate-limit', ...(resetAt !== undefined && { resetAt }) })
  })

  it('of a message of 20 MB is as if it were short, and of one that is long in itself has its reason', async () => {
    const long = program.ran('t', 'git status', { aggregatedOutput: '漢'.repeat(7_000_000) })
    const { events } = await hear(lines(...opening, program.asks(0, 't', 'git status'), long, program.end()))
    expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
    const many = program.edits('t', { changes: Array.from({ length: 600_000 }, () => 1) })
    expect(endOf((await hear(lines(...opening, many))).events)).toEqual({
      completed: false,
      reason: 'message-too-long',
    })
  })

  it.each([null, {}, { 'claude-code': 1 }, { codex: 2 }, { codex: 1, offset: -1 }])(
    'is none where the state %j was not recorded here',
    async (state) => {
      await expect(hear(lines(), {}, { state })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    },
  )

  it('says the same for any output, any chunks and any restart', async () => {
    const pieces = [
      ...opening,
      program.says('x\ny 漢字 🧭'),
      program.runs('t', 'git push'),
      program.asks(0, 't', 'git push'),
      program.asks(1, 'v', 'git status'),
      program.ran('t', 'git push', { status: 'declined' }),
      program.requests('q', 'item/tool/requestUserInput', { questions: [{ question: 'Which?' }] }),
      program.used(3, 2),
      program.tells('account/rateLimits/updated', { rateLimits: { primary: { usedPercent: 100, resetsAt: 7 } } }),
      program.end('interrupted'),
      program.end(),
      program.server('files', 'failed'),
      '{"method":"item/completed","params":{"item":{"type":"commandExecution"}}}',
      '{"id":{},"method":"turn/completed"}',
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
