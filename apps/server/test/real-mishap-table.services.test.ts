import type { ModelScript } from '@seamark/testing-model'
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PROGRAMS } from './real-programs.ts'
import type { RealProgram } from './real-programs.ts'
import { itemFor, realServices } from './real-service.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

type Turns = NonNullable<ModelScript['turns']>

/** What goes wrong in an item, and what has to be said of it. */
interface Mishap {
  /** Options that its runtime has besides. */
  readonly options?: object
  /** Fields that its item has besides. */
  readonly item?: object
  /** What its model says, where it comes to that. */
  readonly turns?: Turns
  readonly reason: string
  /** What a person finds in the words for it. */
  readonly words: RegExp
  /** How often its agent was told that it repeats itself. */
  readonly nudges?: number
}

const serve = realServices()
const mark = `table-${randomBytes(4).toString('hex')}`
/** The server that does not start. */
const BROKEN = 'sounding-line'
/** Where the work is to end before its model says anything; a program may ask all the same. */
const UNHEARD: Turns = [{ times: 'unlimited', answer: 'It is done.' }]

/** A program that would try for minutes what is refused for good tries once more. */
const PATIENCE = { CLAUDE_CODE_MAX_RETRIES: '1' }

function mishapsOf({ read }: RealProgram): Readonly<Record<string, Mishap>> {
  const begun = { answer: [read('tide.mjs')] }
  return {
    login: {
      turns: [{ times: 'unlimited', error: { kind: 'unauthorized' } }],
      reason: 'login',
      words: /provider refused the credential/,
    },
    context: {
      turns: [begun, { times: 'unlimited', error: { kind: 'context-length' } }],
      reason: 'context',
      words: /longer than the model can take/,
    },
    loop: {
      // Twenty calls of a model that may answer at length.
      item: { budget: { usd: 50 } },
      turns: [{ times: 'unlimited', ...begun }],
      reason: 'loop',
      words: /same calls 20 times/,
      nudges: 1,
    },
    version: {
      options: { versions: { from: '99.0.0', below: '100.0.0' } },
      reason: 'agent-version',
      words: /99\.0\.0/,
    },
    missing: {
      options: { argv: ['no-such-agent'], install: 'npm install --global no-such-agent' },
      reason: 'program-missing',
      words: /npm install --global no-such-agent/,
    },
    server: { item: { agent: 'broken@1' }, reason: 'mcp-server', words: new RegExp(BROKEN) },
    nothing: { turns: [{ answer: 'It is done.' }], reason: 'patch-missing', words: /changed no file, but has to/ },
  }
}

/** What the provider says of a limit that is over later: longer than a program may wait by itself, and in a sandbox. */
const LIMITED_SECONDS = 65

it.each(PROGRAMS)(
  'what goes wrong with $name is said, and the rest of the run goes on (as root, with bubblewrap)',
  { timeout: 900_000 },
  async (program) => {
    const { read, edit } = program
    const mishaps = mishapsOf(program)
    const ids = [...Object.keys(mishaps), 'limit', 'healthy']
    const done: Turns = [{ answer: [read('tide.mjs')] }, { answer: [edit(...CHANGES.tide)] }, { answer: 'It is done.' }]
    const refused: Turns = [{ times: 'unlimited', error: { kind: 'rate-limit', retryAfterSeconds: LIMITED_SECONDS } }]
    const conversations: Record<string, { turns: Turns }> = {
      ...Object.fromEntries(Object.entries(mishaps).map(([id, { turns = UNHEARD }]) => [id, { turns }])),
      limit: { turns: refused },
      'limit-is-over': { turns: done },
      healthy: { turns: done },
    }
    let isOver = Number.POSITIVE_INFINITY
    const service = await serve({
      script: { conversations },
      asked: async (body) => {
        // What a program asks for its own sake has no name: it makes a conversation short that is too long.
        const id = ids.find((name) => body.includes(`This is the work called ${name}.`)) ?? 'context'
        if (id !== 'limit') return id
        isOver = Math.min(isOver, Date.now() + (LIMITED_SECONDS - 5) * 1_000)
        return Date.now() < isOver ? id : 'limit-is-over'
      },
      env: PATIENCE,
      runtimes: Object.entries(mishaps).flatMap(([id, { options }]) =>
        options === undefined ? [] : [program.runtime(PATIENCE, { name: `${program.name}-${id}`, ...options })],
      ),
    })
    mkdirSync(join(service.dir, 'broken'))
    service.write('broken/agent.yaml', 'name: broken\nversion: 1\n')
    service.write('broken/.mcp.json', JSON.stringify({ mcpServers: { [BROKEN]: { command: '/bin/false', args: [] } } }))
    await service.told('agent', 'push', 'broken')
    const run = `${mark}-${program.name}`
    const items = ids.map((id) =>
      itemFor(program, {
        id,
        prompt: `This is the work called ${id}. Make the tests pass.`,
        ...(mishaps[id]?.options && { runtime: `${program.name}-${id}` }),
        ...mishaps[id]?.item,
      }),
    )
    const begun = Date.now()
    const ran = await service.run(run, items)
    expect(ran.code, ran.err + ran.out).toBe(11)
    const of = (kind: string, id: string) => ran.records.filter((record) => record.kind === kind && record.item === id)
    for (const [id, { reason, words, nudges }] of Object.entries(mishaps)) {
      const ends = of('attempt.ended', id).map(({ data }) => data)
      expect(ends, id).toMatchObject([{ outcome: 'failed', reason }])
      if (nudges !== undefined) expect(ends, id).toMatchObject([{ activity: { nudges } }])
      expect(of('item.settled', id), id).toMatchObject([{ data: { outcome: 'failed', reason } }])
      expect(await service.told('status', run, id), id).toMatch(words)
    }
    for (const id of ['limit', 'healthy']) {
      expect(of('item.settled', id), id).toMatchObject([{ data: { outcome: 'succeeded' } }])
      expect(await service.told('patch', run, id)).toBe(patchTo(service, { 'tide.mjs': WANTED['tide.mjs'] }))
    }
    const ends = of('attempt.ended', 'limit').map(({ data }) => [data['outcome'], data['reason']])
    expect(ends).toEqual([
      ['parked', 'rate-limit'],
      ['succeeded', 'completed'],
    ])
    const [parked] = of('item.parked', 'limit')
    const until = Number(parked?.data['resumeAt'])
    expect(until).toBeGreaterThan(begun + LIMITED_SECONDS * 1_000)
    // What the gateway saw in the answers to its calls.
    const seen = of('usage.settled', 'limit').flatMap(({ data }) => data['limitedUntil'] ?? [])
    expect(until).toBe(Math.max(...seen.map(Number)) + 1_000)
    const verified = { run, status: 'failed', items: ids.length }
    expect(await service.verified(run)).toMatchObject({ verdict: 'verified', run: verified })
  },
)
