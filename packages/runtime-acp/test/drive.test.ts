import type { AgentEvent, Exit, Json, JsonObject } from '@seamark/core'
import { EXITED as good, PROMPTED as task, hearAgain, jsonLines as lines } from '@seamark/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acp } from '../src/index.ts'
import { agent, hear } from './said.ts'

const run = (command: string) => ({ kind: 'execute', title: command, rawInput: { command } })
const opening = [agent.hello(), agent.session()]
const end = (events: readonly AgentEvent[]) => {
  const last = events.at(-1)
  return last?.type === 'turn-end' ? { completed: last.completed, reason: last.reason } : undefined
}
const methods = (wrote: readonly unknown[]) =>
  wrote.map((one) => (typeof one === 'object' && one !== null && 'method' in one ? one.method : 'answer'))

describe('a conversation', () => {
  it('opens a session, gives the prompt, offers no files and no terminal, and ends the program', async () => {
    const { wrote, events } = await hear(lines(...opening, agent.says('hi\nyou'), agent.end()), {
      instructions: 'Be brief.',
    })
    expect(methods(wrote)).toEqual(['initialize', 'session/new', 'session/prompt', 'answer'])
    expect(wrote[0]).toMatchObject({
      params: {
        protocolVersion: 1,
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      },
    })
    expect(wrote[1]).toMatchObject({ params: { cwd: '/w', mcpServers: [] } })
    expect(wrote[2]).toMatchObject({
      params: { sessionId: 's1', prompt: [{ type: 'text', text: 'Be brief.\n\ndo it' }] },
    })
    expect(wrote[3]).toBe('end')
    expect(events).toEqual([
      { type: 'progress', text: 'fake 1.2.3, protocol 1' },
      { type: 'conversation', id: 's1', resumed: false, program: 'fake 1.2.3' },
      { type: 'turn-begin' },
      { type: 'progress', text: 'hi' },
      { type: 'progress', text: 'you' },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
  })

  it('is told of servers of ours beside those of the options', async () => {
    const files = { name: 'files', command: 'files-server', args: [], env: [] }
    const own = { command: '/t/node', args: ['/t/seamark-children', '/run/s'], tools: ['submit_items'] }
    const { wrote } = await hear(
      lines(...opening, agent.end()),
      { mcpServers: [files] },
      { task: { ...task, mcpServers: { seamark: own } } },
    )
    const { command, args } = own
    expect(wrote[1]).toMatchObject({ params: { mcpServers: [files, { name: 'seamark', command, args, env: [] }] } })
  })

  it('tells tools and usage', async () => {
    const { events } = await hear(
      lines(
        ...opening,
        agent.uses('t', { kind: 'edit', title: 'Edit a.txt', rawInput: { path: 'a.txt' } }),
        agent.used('t', { status: 'completed' }),
        agent.end(2, 'end_turn', { usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 } }),
      ),
    )
    expect(events.slice(2, -1)).toEqual([
      { type: 'turn-begin' },
      { type: 'tool', name: 'Edit a.txt', kind: 'edit', input: { path: 'a.txt' } },
      { type: 'usage', model: 'unknown', inputTokens: 7, outputTokens: 3 },
    ])
  })

  it('tells what the agent thinks that it cost, where it says so', async () => {
    const spent = (of: JsonObject): JsonObject => ({
      jsonrpc: '2.0',
      method: 'session/update',
      params: { sessionId: 's1', update: { sessionUpdate: 'usage_update', used: 7, size: 9, ...of } },
    })
    const wrong = [{ amount: -1, currency: 'USD' }, { amount: 1, currency: '\u001b[31m' }, { amount: '1' }, null]
    const said = [
      spent({}),
      spent({ cost: { amount: 0.07, currency: 'USD' } }),
      ...wrong.map((cost) => spent({ cost })),
    ]
    const { events } = await hear(lines(...opening, ...said, agent.end()))
    expect(events.slice(2)).toEqual([
      { type: 'turn-begin' },
      { type: 'cost', amount: 0.07, currency: 'USD', of: 'conversation' },
      { type: 'turn-end', completed: true, reason: 'completed' },
    ])
  })

  it('chooses the model and the effort that the agent offers', async () => {
    const configOptions = [
      {
        id: 'm',
        name: 'Model',
        category: 'model',
        type: 'select',
        currentValue: 'a',
        options: [{ value: 'a' }, { value: 'b' }],
      },
      {
        id: 'e',
        name: 'Effort',
        category: 'thought_level',
        type: 'select',
        currentValue: 'low',
        options: [{ group: 'g', options: [{ value: 'high' }] }],
      },
    ]
    const said = lines(agent.hello(), agent.session({ configOptions }), agent.end(2), agent.end(3), agent.end(4))
    const { wrote } = await hear(said, {}, { task: { model: 'b', effort: 'high' } })
    expect(wrote.slice(2, 4)).toMatchObject([
      { method: 'session/set_config_option', params: { sessionId: 's1', configId: 'm', value: 'b' } },
      { method: 'session/set_config_option', params: { configId: 'e', value: 'high' } },
    ])
    expect(methods(wrote)[4]).toBe('session/prompt')
    for (const [more, reason] of [
      [{ model: 'c' }, 'model'],
      [{ effort: 'max' }, 'effort'],
    ] as const)
      expect(end((await hear(said, {}, { task: more })).events)).toEqual({ completed: false, reason })
  })

  it('answers what it does not offer with an error', async () => {
    const read = { jsonrpc: '2.0', id: 5, method: 'fs/read_text_file', params: { path: '/etc/passwd' } }
    const { wrote } = await hear(lines(...opening, read, agent.end()))
    expect(wrote[3]).toEqual({ jsonrpc: '2.0', id: 5, error: expect.objectContaining({ code: -32_601 }) })
  })
})

describe('bad behaviour', () => {
  const repeat = (times: number, status = 'completed') =>
    Array.from({ length: times }, (_, n) => [
      agent.uses(`t${n}`, run('git status')),
      agent.used(`t${n}`, { status }),
    ]).flat()

  it('of repeating one call is told to the agent, and then stopped', async () => {
    const repeats = { nudge: 3, stop: 5 }
    const told = await hear(
      lines(...opening, ...repeat(3), agent.end(2, 'cancelled'), agent.says('I see.\n'), agent.end(3)),
      { repeats },
    )
    expect(methods(told.wrote)).toEqual([
      'initialize',
      'session/new',
      'session/prompt',
      'session/cancel',
      'session/prompt',
      'answer',
    ])
    expect(end(told.events)).toEqual({ completed: true, reason: 'completed' })
    expect(told.events.filter(({ type }) => type === 'nudge' || type === 'turn-begin')).toEqual([
      { type: 'turn-begin' },
      { type: 'nudge', tool: 'git status', calls: 3 },
      { type: 'turn-begin' },
    ])
    const stopped = await hear(lines(...opening, ...repeat(5, 'failed')), { repeats })
    expect(end(stopped.events)).toEqual({ completed: false, reason: 'loop' })
    expect(stopped.wrote.at(-1)).toBe('end')
    const other = [agent.uses('x', run('git log')), agent.used('x', { status: 'completed' })]
    const mixed = await hear(lines(...opening, ...repeat(2), ...other, ...repeat(2), agent.end()), { repeats })
    expect(end(mixed.events)).toEqual({ completed: true, reason: 'completed' })
  })

  it('of a turn that ends before anything came of the words after a cancelled one has them said once more', async () => {
    const repeats = { nudge: 3, stop: 5 }
    const canceled = [...opening, ...repeat(3), agent.end(2, 'cancelled'), agent.end(3)]
    const prompts = (wrote: readonly unknown[]) => methods(wrote).filter((method) => method === 'session/prompt').length
    const early = await hear(lines(...canceled), { repeats })
    expect([prompts(early.wrote), early.events.at(-1)]).toMatchObject([3, { completed: false }])
    expect(early.wrote.at(-1)).toMatchObject({ params: { prompt: [{ text: expect.stringContaining('3') }] } })
    const silent = await hear(lines(...canceled, agent.end(4)), { repeats })
    expect([prompts(silent.wrote), end(silent.events)]).toEqual([3, { completed: true, reason: 'completed' }])
    const going = await hear(lines(...canceled, ...repeat(5)), { repeats })
    expect(end(going.events)).toEqual({ completed: false, reason: 'loop' })
  })

  it('of repeating one command is known by the command', async () => {
    const uses = Array.from({ length: 5 }, (_, n) => [
      agent.uses(`t${n}`, { ...run('git status'), rawInput: { command: 'git status', id: n } }),
      agent.used(`t${n}`, { status: 'completed' }),
    ]).flat()
    const { events } = await hear(lines(...opening, ...uses), { repeats: { nudge: 3, stop: 5 } })
    expect(end(events)).toEqual({ completed: false, reason: 'loop' })
  })

  it('of ending the turn where something is denied is no end: the agent is told to do without it', async () => {
    const asks = agent.asks(7, { toolCallId: 't', ...run('git push') })
    const { events, wrote } = await hear(
      lines(...opening, asks, agent.end(2, 'cancelled'), agent.says('I see.\n'), agent.end(3)),
    )
    expect(methods(wrote)).toEqual([
      'initialize',
      'session/new',
      'session/prompt',
      'answer',
      'session/prompt',
      'answer',
    ])
    expect(end(events)).toEqual({ completed: true, reason: 'completed' })
    const alone = await hear(lines(...opening, agent.end(2, 'cancelled')))
    expect(end(alone.events)).toEqual({ completed: false, reason: 'cancelled' })
  })

  it('of asking for the same denied tool is stopped too', async () => {
    const asks = Array.from({ length: 5 }, (_, n) => agent.asks(n + 10, { toolCallId: `t${n}`, ...run('git push') }))
    const { events } = await hear(lines(...opening, ...asks), { repeats: { nudge: 4, stop: 5 } })
    expect(end(events)).toEqual({ completed: false, reason: 'loop' })
  })

  it('of using what the policy refuses without being allowed ends the turn', async () => {
    const used = [agent.uses('t', run('git push')), agent.used('t', { status: 'completed' })]
    const { events } = await hear(lines(...opening, ...used, agent.end()))
    expect(events).toContainEqual({ type: 'denial', tool: 'git push', reason: 'denied git push*' })
    expect(end(events)).toEqual({ completed: false, reason: 'unasked-tool' })
  })

  it('of a command that failed is the same, but where it was denied, or cut with its turn', async () => {
    const [begun, failed] = [agent.uses('t', run('git push')), agent.used('t', { status: 'failed' })]
    const unasked = await hear(lines(...opening, begun, failed, agent.end()))
    expect(end(unasked.events)).toEqual({ completed: false, reason: 'unasked-tool' })
    const denied = await hear(lines(...opening, begun, agent.asks(7, { toolCallId: 't' }), failed, failed, agent.end()))
    expect(end(denied.events)).toEqual({ completed: true, reason: 'completed' })
    const reads = [1, 2].flatMap((n) => {
      const read = { kind: 'read', title: 'a', rawInput: { path: 'a' } }
      return [agent.uses(`r${n}`, read), agent.used(`r${n}`, { status: 'completed' })]
    })
    const cut = await hear(lines(...opening, begun, ...reads, failed, agent.end()), { repeats: { nudge: 2, stop: 3 } })
    expect(end(cut.events)).toEqual({ completed: true, reason: 'completed' })
  })

  it.each<[string, (JsonObject | string)[], string]>([
    ['another protocol', [agent.hello('1.0.0', 2)], 'protocol-version'],
    ['no protocol', [{ jsonrpc: '2.0', id: 0, result: {} }], 'protocol'],
    ['a refused login', [agent.hello(), agent.error(1, 'Authentication required', -32_000)], 'login'],
    ['a refused key', [...opening, agent.error(2, 'The model answered 401: invalid x-api-key')], 'login'],
    ['a rate limit', [...opening, agent.error(2, 'The model answered 429: slow down')], 'rate-limit'],
    ['a full context', [...opening, agent.error(2, 'prompt is too long: 210000 tokens > 200000 maximum')], 'context'],
    ['a refusal', [...opening, agent.end(2, 'refusal')], 'refused'],
    ['an answer that was cut', [...opening, agent.end(2, 'max_tokens')], 'max-tokens'],
    ['another error', [...opening, agent.error(2, 'boom')], 'agent-error'],
    ['no conversation', [agent.hello(), agent.error(1, 'boom')], 'session'],
    ['silence', [], 'no-answer'],
    ['an end in the middle', opening, 'no-answer'],
    ['no program', ['{"seamark":"program-missing"}'], 'program-missing'],
  ])('that is %s has its reason', async (_, said, reason) => {
    expect(end((await hear(lines(...said))).events)).toEqual({ completed: false, reason })
  })

  it('of an MCP server that does not start is told as the agent tells it', async () => {
    const said = lines(agent.hello(), agent.error(1, 'Failed to start MCP server files'))
    const mcpServers = [{ name: 'files', command: '/bin/false', args: [], env: [] }]
    expect(end((await hear(said, { mcpServers })).events)).toEqual({ completed: false, reason: 'mcp-server' })
  })

  it('of servers that said nothing names them, unless it had failed before', async () => {
    const mcpServers = ['files', 'db', 'web'].map((name) => ({ name, command: name, args: [], env: [] }))
    const silent = (...servers: Json[]) => ({ seamark: 'silent-servers', servers })
    const last = async (...said: readonly JsonObject[]) =>
      (await hear(lines(...opening, ...said), { mcpServers })).events.at(-1)
    const both = silent({ index: 0, code: 127 }, { index: 2, code: null })
    const named = {
      type: 'turn-end',
      completed: false,
      reason: 'mcp-server',
      detail: 'These did not start: files (there is no such command), web (it said nothing).',
    }
    expect(await last(agent.end(), both)).toEqual(named)
    expect(await last(both)).toEqual(named)
    expect(await last(agent.end(2, 'refusal'), both)).toMatchObject({ completed: false, reason: 'refused' })
    for (const other of [silent(), silent({ index: 3, code: 1 }), silent({ index: -1, code: 1 }), silent('files')])
      expect(await last(agent.end(), other)).toMatchObject({ completed: true })
    const wrote = (await hear(lines(...opening, agent.end(), both), { mcpServers })).wrote
    expect(wrote.filter((one) => one === 'end')).toHaveLength(1)
  })

  it('of a wrong version names the one that is there and how to install another', async () => {
    const versions = { from: '2.0.0', below: '3' }
    const events = async (version?: string) =>
      (await hear(lines(agent.hello(version), agent.session(), agent.end()), { versions, install: 'npm i -g fake@2' }))
        .events
    expect((await events('1.9.9')).at(-1)).toMatchObject({
      reason: 'agent-version',
      detail: expect.stringContaining('npm i -g fake@2'),
    })
    for (const version of ['1.9.9', '2.0.0-rc.1', '3.0.0-rc.1', '3.0.0', 'nightly'])
      expect(end(await events(version))).toMatchObject({ reason: 'agent-version' })
    for (const version of ['2.0.0', 'v2.9.1-rc.1'])
      expect(end(await events(version))).toMatchObject({ completed: true })
  })

  it('of a message of 20 MB is gone on from, in whatever character it is cut', async () => {
    const big = agent.used('t', {
      status: 'completed',
      content: [{ type: 'diff', path: 'a', newText: '漢'.repeat(7_000_000) }],
    })
    const { events } = await hear(
      lines(...opening, agent.uses('t', { kind: 'edit', title: 'Edit' }), big, agent.end()),
      {},
      { chunkBytes: 65_537 },
    )
    expect(end(events)).toEqual({ completed: true, reason: 'completed' })
  })

  it('of a message that is too long without its texts ends the turn', async () => {
    const { events } = await hear(
      lines(...opening, agent.uses('t', { rawInput: Array.from({ length: 600_000 }, () => 1) }), agent.end()),
    )
    expect(end(events)).toEqual({ completed: false, reason: 'message-too-long' })
  })

  it.each<[Partial<Exit>, string]>([
    [{ code: 3 }, 'exit-3'],
    [{ reason: 'signaled', signal: 'SIGKILL' }, 'signal-SIGKILL'],
    [{ reason: 'timeout' }, 'timeout'],
    [{ reason: 'memory' }, 'memory'],
  ])('of the program %j counts more than what it said', async (exit, reason) => {
    for (const said of [[], opening, [...opening, agent.end()]])
      expect(end((await hear(lines(...said), {}, { exit: { ...good, ...exit } })).events)).toEqual({
        completed: false,
        reason,
      })
  })
})

describe('the runtime', () => {
  it('needs a prompt and a program', async () => {
    const { prompt: _, ...silent } = task
    await expect(acp({ argv: ['a'] }).prepare(silent)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    for (const options of [
      { argv: [] },
      { argv: ['a\0'] },
      { argv: ['a'], repeats: { nudge: 5, stop: 5 } },
      { argv: ['a'], maxToolCalls: 0 },
      { argv: ['a'], endpoints: { 'A B': 'host' } },
      { argv: ['a'], endpoints: { A: 'https://host' } },
    ])
      expect(() => acp(options)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it.each<[Json]>([
    [null],
    [{}],
    [{ acp: 2 }],
    [{ acp: 1, offset: -1 }],
    [{ acp: 1, offset: 0, sent: 0, done: 0, begun: true, ended: false }],
  ])('refuses the state %j', async (state) => {
    await expect(hear(lines(), {}, { state })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('says the same for any output, any chunks and any restart, and holds nothing against anybody', async () => {
    const pieces = [
      ...opening,
      agent.says('x\ny'),
      agent.uses('t', run('git push')),
      agent.asks(3, { toolCallId: 't' }),
      agent.used('t', { status: 'failed' }),
      agent.error(2, 'boom'),
      agent.end(),
      '{"id":2}',
      '{"method":"session/update","params":{"update":{"sessionUpdate":"tool_call"}}}',
      '{"jsonrpc":"2.0","id":1,"result":[]}',
      '{',
      '{"a":"\\ud83d',
      'no message',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...pieces), { maxLength: 25 }),
        fc.integer({ min: 1, max: 99 }),
        fc.nat(),
        async (said, chunkBytes, cut) => {
          const stdout = lines(...opening, ...said)
          const { again, first } = await hearAgain(({ task: _, ...more }) => hear(stdout, {}, more), cut, chunkBytes)
          expect(again).toEqual(first)
        },
      ),
      { numRuns: 200 },
    )
  })
})
