import { itemView, runView, serviceView } from '@seamark/protocol'
import { seamarkClient } from '@seamark/sdk'
import type { SeamarkClient } from '@seamark/sdk'
import { instantItem } from '@seamark/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tellOfBudgets } from '../src/budget-notices.ts'
import { socketIn } from '../src/socket.ts'
import { oneCallEngine } from './one-call-engine.ts'
import type { Ended, Started } from './seamark.ts'
import { place, until } from './seamark.ts'

const here = place()
const me = { id: `local:${process.getuid?.() ?? 'unknown'}` }
const json = ({ out }: Ended): unknown => JSON.parse(out)

/** An engine on the folder whose attempts make one call each, and fail where it is refused. */
async function spend(): Promise<void> {
  const budgets = { day: { nanoUsd: 2_000_000_000 } }
  const { engine, stop } = await oneCallEngine(here.data, budgets)
  const item = (id: string, nanoUsd?: number) => ({
    ...instantItem(id),
    executor: 'process',
    ...(nanoUsd !== undefined && { budget: { nanoUsd } }),
  })
  await engine.submit(me, {
    run: 'r1',
    plan: 'a'.repeat(64),
    spec: { workspace: { type: 'empty' }, budget: { tokens: 1_000 } },
    items: [item('fine', 1_000_000_000), item('free'), item('short', 500_000_000)],
  })
  await until(() => engine.waiting('r1', 'short')?.for === 'parked')
  await stop()
}

let service: Started
let client: SeamarkClient
beforeAll(async () => {
  await spend()
  here.write('named.config.mjs', 'export default { budgets: { day: { usd: 2 } } }\n')
  service = here.start('serve', '--config', 'named.config.mjs')
  client = seamarkClient({ socketPath: socketIn(here.data) })
  await until(
    () =>
      client.health().then(
        () => true,
        () => false,
      ),
    60_000,
  )
}, 90_000)
afterAll(async () => {
  await client.close()
  service.child.kill('SIGTERM')
  await service.ended
  here.remove()
}, 60_000)

describe('a budget', { timeout: 90_000 }, () => {
  it('that is used up is said in status, with what to do and how all of them stand', async () => {
    const { out } = await here.seamark('status', 'r1')
    expect(out).toContain('seamark approve short --run r1 --usd N')
    expect(out).toMatch(/budget of the item fine: \$0\.9000 of \$1\.00.*80 %/)
    expect(out).toMatch(/budget of the day \d{4}-\d\d-\d\d: \$1\.80 of \$2\.00.*80 %/)
    expect((await here.seamark('status')).out).toMatch(/budget of the day/)
    // The calls were metered, whatever the programs say of themselves.
    expect(out).toMatch(/^ {2}charged: 2 calls, 120 tokens, \$1\.80$/m)
    expect((await here.seamark('status', 'r1', 'fine')).out).toMatch(/^ {2}charged {3}1 call, 60 tokens, \$0\.9000$/m)
    expect((await here.seamark('status', 'r1', 'short')).out).not.toContain('charged')
    expect(itemView.parse(json(await here.seamark('status', 'r1', 'short', '--json')))).toMatchObject({
      status: 'parked',
      parked: { reason: 'budget', budget: { account: 'item:r1/short', of: 'nanoUsd' } },
      waiting: { for: 'parked', reason: 'budget', budget: { account: 'item:r1/short', of: 'nanoUsd' } },
    })
  })

  it('is told of with one run that is asked for, and with the service', async () => {
    const { budgets } = runView.parse(await client.run('r1'))
    expect(budgets?.map(({ account }) => account.replace(/^day:.*/, 'day'))).toEqual(['run:r1', 'item:r1/fine', 'day'])
    expect(serviceView.parse(await client.service()).budgets).toMatchObject([{ warned: ['nanoUsd'] }])
    for await (const run of client.runs()) expect(run).not.toHaveProperty('budgets')
  })
})

describe('usage', { timeout: 90_000 }, () => {
  it('is shown by item, run, principal and model', async () => {
    const call = { calls: 1, charged: { tokens: 60, nanoUsd: 900_000_000 } }
    const both = { calls: 2, charged: { tokens: 120, nanoUsd: 1_800_000_000 } }
    for (const [by, rows] of [
      ['item', [call, call]],
      ['run', [{ run: 'r1', ...both }]],
      ['principal', [{ principal: me.id, ...both }]],
      ['model', [{ provider: 'anthropic', model: 'a-model', ...both }]],
    ] as const) {
      const found: unknown[] = []
      for await (const row of client.usage({ by, since: '2026-01-01' })) found.push(row)
      expect(found).toMatchObject(rows)
    }
    for await (const row of client.usage({ since: '2999-01-01' })) expect(row).toBeUndefined()
    const shown = json(await here.seamark('usage', '--by', 'model', '--since', '2d', '--json'))
    expect(shown).toMatchObject({ by: 'model', usage: [{ model: 'a-model', ...both }], total: both })
    const { out } = await here.seamark('usage', '--by', 'item', '--run', 'last')
    expect(out).toMatch(/r1\/fine +1 call +60 tokens +\$0\.9000/)
    expect(out).toMatch(/total +2 calls +120 tokens +\$1\.80/)
  })

  it('is refused by what it is not kept by', async () => {
    expect(await here.seamark('usage', '--by', 'queue')).toMatchObject({ code: 2, out: '' })
    const asked = client.usage({ by: 'model', run: 'r1' })[Symbol.asyncIterator]()
    await expect(asked.next()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('an approval', { timeout: 90_000 }, () => {
  it('of no amount, of no item, or of what has ended is refused', async () => {
    for (const [args, code] of [
      [['short', '--usd', '1e3'], 2],
      [['short', '--tokens=-1'], 2],
      [['fine'], 5],
      [['short', '--usd', '1', '--wait', 'another'], 5],
    ] as const)
      expect((await here.seamark('approve', ...args, '--run', 'r1')).code, args.join(' ')).toBe(code)
    await expect(client.approve('r1', 'short', 't', { usd: 1e-10 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(client.approve('r1', 'nothing', 't')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('raises the budgets of the item and the run, and lets it go on', async () => {
    const shown = /--usd N (--wait) ([a-z0-9]+)/.exec((await here.seamark('status', 'r1', 'short')).out) ?? []
    const asked = ['approve', 'short', '--run', 'r1', '--usd', '0.5', '--tokens', '10', ...shown.slice(1)]
    const approved = await here.seamark(...asked, '--json')
    expect(approved).toMatchObject({ code: 0, err: '' })
    expect(json(approved)).toEqual({ run: 'r1', item: 'short', wait: shown[2], approved: true })
    const set: unknown[] = []
    for await (const event of client.events('r1', { follow: true }))
      if (event.type === 'record' && event.kind === 'budget.set') set.push([event.actor, event.item, event.data])
    expect(set).toEqual([
      [me.id, 'short', { on: 'item', limits: { nanoUsd: 1_000_000_000 } }],
      [me.id, undefined, { on: 'run', limits: { tokens: 1_010 } }],
    ])
    expect(await client.run('r1')).toMatchObject({ status: 'succeeded' })
    await expect(client.approve('r1', 'short', 't')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('needs a service that goes on with the item', async () => {
    const other = place()
    expect((await other.seamark('approve', 'short', '--run', 'r1')).code).toBe(9)
    other.remove()
  })
})

it('whoever watches the service is told of what is almost spent, and of what waits', () => {
  const told: string[] = []
  const parked = { reason: 'budget', token: 't', locksUntil: 0 } as const
  const budget = { account: 'run:r1', of: 'tokens', room: 2 } as const
  const about = { v: 1, ns: 'default', seq: 0, epoch: 1, at: 0, kindVersion: 1, actor: 'engine', run: 'r1' } as const
  const engine: Parameters<typeof tellOfBudgets>[0] = {
    onRecords(listener) {
      listener([
        { ...about, kind: 'budget.warned', data: { account: 'run:r1', of: 'tokens', settled: 8, limit: 10 } },
        { ...about, kind: 'item.parked', item: 'a', data: { ...parked, budget } },
        { ...about, kind: 'item.parked', item: 'b', data: { ...parked, reason: 'retry' } },
      ])
      return () => undefined
    },
  }
  tellOfBudgets(engine, ({ message }) => told.push(message))
  expect(told).toEqual([
    expect.stringContaining('80 % of 10 tokens'),
    expect.stringContaining('seamark approve a --run r1 --tokens N'),
  ])
})
