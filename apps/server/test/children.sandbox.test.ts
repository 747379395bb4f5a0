import type { ItemView } from '@seamark/protocol'
import { seamarkClient } from '@seamark/sdk'
import type { SeamarkClient } from '@seamark/sdk'
import { readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { socketIn } from '../src/socket.ts'
import type { Started } from './seamark.ts'
import { place, until } from './seamark.ts'

const here = place()
const root = realpathSync(join(import.meta.dirname, '../../..'))
const modules = join(root, 'node_modules')
const sdk = realpathSync(dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/sdk/client/index.js')))
/** Where the sandbox sees the client's library, as modules and not as CommonJS. */
const SDK = join('/opt/node_modules', relative(modules, sdk), '../../esm')
const PROGRAM = readFileSync(join(import.meta.dirname, 'children-client.mjs'), 'utf8')
let service: Started
let client: SeamarkClient

async function serve(): Promise<void> {
  service = here.start('serve', '--config', 'seamark.config.mjs')
  await service.saw('Serving')
  client = seamarkClient({ socketPath: socketIn(here.data) })
}

async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await client.close()
  service.child.kill(signal)
  await service.ended
}

/** A run whose only item of the plan does one deed; gives how it ended and what it said. */
async function does(deed: string, run: string, children: object, more: object = {}) {
  await begins(deed, run, children, more)
  await over(run)
  return told(run)
}

async function begins(deed: string, run: string, children: object, more: object = {}): Promise<void> {
  const item = { id: 'lead', run: `node client.mjs ${deed}`, env: { SDK }, timeout: '2m', children, ...more }
  const plan = JSON.stringify({ version: 1, workspace: { git: join(here.dir, 'repo') }, items: [item] })
  await client.submit({ plan, format: 'json', run })
}

async function over(run: string): Promise<void> {
  await until(async () => !['running', 'canceling'].includes((await client.run(run)).status), 120_000)
}

async function told(run: string) {
  let out = ''
  for await (const piece of client.logs(run, 'lead')) out += Buffer.from(piece).toString('utf8')
  const items: ItemView[] = []
  for await (const item of client.items(run)) items.push(item)
  const said = out.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  return { status: (await client.run(run)).status, said, out, items }
}

beforeAll(async () => {
  here.repository('repo', { 'client.mjs': PROGRAM, 'readme.txt': 'hello\n' })
  const source = (name: string) => JSON.stringify(join(root, 'packages', name, 'src/index.ts'))
  const toolchain = { binds: [{ source: modules, target: '/opt/node_modules' }] }
  here.write(
    'seamark.config.mjs',
    `const { sandboxExecutor } = await import(${source('executor-sandbox')})
const { processExecutor } = await import(${source('executor-process')})
export default {
  executors: [sandboxExecutor(${JSON.stringify({ dir: here.data, toolchain })}), processExecutor({ dir: ${JSON.stringify(here.data)} })],
  queues: { default: { concurrency: 1 } },
}
`,
  )
  await serve()
}, 60_000)

afterAll(async () => {
  await end('SIGTERM')
  here.remove()
}, 60_000)

describe('a program in a sandbox, with a client of the Model Context Protocol', () => {
  it('has items done in the one slot that it runs in, and reads what they made', { timeout: 120_000 }, async () => {
    const { status, said, out, items } = await does('two', 'two', { max: 2 })
    expect(said, out).toHaveLength(1)
    const [{ tools, submitted, again, waited, read, stdout, none }] = said
    expect(tools).toEqual(['submit_items', 'list_items', 'wait_for_items', 'read_item'])
    expect([submitted.created, again.created]).toEqual([true, false])
    expect(waited).toMatchObject({
      done: true,
      items: [
        { id: 'one', item: 'lead-1-one', status: 'succeeded', outputs: [{ path: 'out.txt', blob: { size: 6 } }] },
        { id: 'two', item: 'lead-1-two', status: 'succeeded' },
      ],
    })
    expect(read).toEqual({ size: 7, whole: true, text: 'second\n' })
    expect(stdout).toEqual({ size: 5, whole: true, text: 'done\n' })
    expect(none.refused.code).toBe('NOT_FOUND')
    const { policy, parent, parts } = await client.policy('two', 'lead-1-two')
    expect([policy.network, parent]).toEqual([{ allow: [] }, 'lead'])
    const hosts = parts?.find(({ pointer }) => pointer === '/network/allow')
    expect(hosts?.from).toEqual([{ level: 'parent', pointer: '/network/allow' }])
    await here.seamark('keys', 'export', '-o', 'trust.json', '--config', 'seamark.config.mjs')
    await here.seamark('evidence', 'export', 'two', '-o', 'two/', '--config', 'seamark.config.mjs')
    const verified = await here.seamark('verify', 'two', '--trust', 'trust.json', '--json', '--config', 'none')
    expect([verified.code, JSON.parse(verified.out)], verified.err).toMatchObject([0, { verdict: 'verified', run: { status: 'succeeded', items: 3 } }]) // prettier-ignore
    expect([status, ...items.map(({ item, status: each }) => `${item} ${each}`)]).toEqual([
      'succeeded',
      'lead succeeded',
      'lead-1-one succeeded',
      'lead-1-two succeeded',
    ])
  })

  it(
    'adds one of another version of its agent, and is told where each part of its policy is from',
    { timeout: 120_000 },
    async () => {
      for (const [version, deny] of [
        [1, 'git push*'],
        [2, 'git commit*'],
      ] as const)
        await client.pushAgent({
          definition: { name: 'hand', version, runtime: 'command', policy: { tools: { deny: [deny] } } },
          files: [],
        })
      const { status, out } = await does('otherVersion', 'versions', { max: 1 }, { agent: 'hand@1' })
      expect(status, out).toBe('succeeded')
      const { parent, parts } = await client.policy('versions', 'lead-1-one')
      const from = (value: unknown) => parts?.find((part) => part.value === value)?.from
      expect(parent).toBe('lead')
      expect(from('git push*')).toEqual([{ level: 'parent', pointer: '/tools/deny/0' }])
      expect(from('git commit*')).toEqual([{ level: 'version', pointer: '/policy/tools/deny/0' }])
      expect(from(60_000)).toEqual([{ level: 'item', pointer: '/items/0/limits/wallClock' }])
      const lead = await client.policy('versions', 'lead')
      expect(lead.parts).toContainEqual({
        pointer: '/tools/deny/0',
        value: 'git push*',
        from: [{ level: 'version', pointer: '/policy/tools/deny/0' }],
      })
      expect(lead).not.toHaveProperty('parent')
    },
  )

  it('is told all that is too much, and nothing of it is done', { timeout: 120_000 }, async () => {
    const { said, out } = await does('wider', 'wider', { max: 10 })
    expect(said, out).toHaveLength(1)
    const [{ refused, left }] = said
    expect(left).toEqual({ items: [] })
    const faults = (name: string) =>
      refused[name].problems.map(({ code, place: at }: { code: string; place?: { pointer: string } }) =>
        [code, at?.pointer].join(' '),
      )
    expect(faults('fields')).toEqual(
      ['queue', 'executor', 'priority', 'locks'].map((field) => `FORBIDDEN /items/0/${field}`),
    )
    expect(faults('network')).toEqual(['FORBIDDEN /items/0/network/allow/0/host'])
    expect(faults('file')).toEqual(['FORBIDDEN /items/0/prompt'])
    expect(faults('deeper')).toEqual(['LIMIT_EXCEEDED /items/0/children/depth'])
    expect(faults('longer')).toEqual(['LIMIT_EXCEEDED /items/0/timeout'])
    expect(faults('unknown').toSorted()).toEqual([
      'INVALID_INPUT /items/0/needs/0',
      'INVALID_INPUT /items/0/runtime',
      'INVALID_INPUT /items/1/id',
      'INVALID_INPUT /items/1/run',
    ])
    expect(refused.many.code).toBe('LIMIT_EXCEEDED')
    expect(faults('id')).toEqual(['INVALID_INPUT /items/0/id'])
  })

  it('can neither fill the service nor hold it up', { timeout: 180_000 }, async () => {
    await begins('flood', 'flood', { max: 3 })
    let slowest = 0
    for (let going = true; going;) {
      const before = performance.now()
      going = (await client.run('flood')).status === 'running'
      slowest = Math.max(slowest, performance.now() - before)
      await sleep(50)
    }
    const { said, out, items } = await told('flood')
    expect(said, out).toHaveLength(1)
    const [{ huge, deep, none, answers, created, kept }] = said
    expect(huge).toMatchObject([{ id: null, error: { data: { code: 'LIMIT_EXCEEDED' } } }])
    expect(deep).toMatchObject([{ id: null, error: { data: { code: 'LIMIT_EXCEEDED' } } }])
    expect(none).toMatchObject([{ id: null, error: { data: { code: 'INVALID_INPUT' } } }])
    expect([answers, created, kept]).toEqual([1_000, 3, 4])
    expect(items).toHaveLength(4)
    expect(slowest).toBeLessThan(5_000)
  })
})

describe('a service that is killed', () => {
  it('while a program adds items, adds each once', { timeout: 180_000 }, async () => {
    await begins('steps', 'steps', { max: 8 })
    for (const items of [3, 6]) {
      await until(async () => (await client.run('steps')).items >= items, 60_000)
      await end('SIGKILL')
      await serve()
    }
    await over('steps')
    const { status, said, out, items } = await told('steps')
    expect(said.at(-1), out).toEqual({ done: true, statuses: Array(8).fill('succeeded') })
    expect([status, items.length]).toEqual(['succeeded', 9])
  })
})

describe('a plan', () => {
  it.each([
    ['UNSUPPORTED', { executor: 'process', children: { max: 1 } }],
    ['INVALID_INPUT', { children: { max: 0 } }],
    ['INVALID_INPUT', { children: { max: 101 } }],
    ['INVALID_INPUT', { children: { max: 1, depth: 4 } }],
    ['INVALID_INPUT', { children: { max: 1, end: 'never' } }],
    ['INVALID_INPUT', { children: {} }],
  ])('is refused with %s where it asks for children that can not be', async (code, more) => {
    const item = { id: 'lead', run: 'true', ...more }
    const plan = JSON.stringify({ version: 1, items: [item] })
    const error: unknown = await client.submit({ plan, format: 'json', run: 'no' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code,
      problems: [{ code, place: { pointer: expect.stringMatching(/^\/items\/0\/children/) } }],
    })
  })
})
