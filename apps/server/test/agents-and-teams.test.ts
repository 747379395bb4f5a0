import { runView, serviceView } from '@seamark/protocol'
import { seamarkClient } from '@seamark/sdk'
import type { SeamarkClient } from '@seamark/sdk'
import { instantItem } from '@seamark/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { socketIn } from '../src/socket.ts'
import { oneCallEngine } from './one-call-engine.ts'
import type { Ended, Started } from './seamark.ts'
import { place, until } from './seamark.ts'

const here = place()
const me = `local:${process.getuid?.() ?? 'unknown'}`
const json = ({ out }: Ended): unknown => JSON.parse(out)

/** An engine on the folder whose attempts make one call each; the second has no room in the budget of the team. */
async function spend(): Promise<void> {
  const budgets = { agents: { writer: { nanoUsd: 1_000_000_000 } }, teams: { web: { nanoUsd: 1_000_000_000 } } }
  const { engine, stop } = await oneCallEngine(here.data, budgets)
  const item = (id: string, agent: string) => ({ ...instantItem(id), executor: 'process', agent })
  await engine.submit(
    { id: me, teams: ['web', 'data'] },
    {
      run: 'r1',
      plan: 'a'.repeat(64),
      spec: { workspace: { type: 'empty' } },
      items: [item('fine', 'writer'), item('short', 'reader')],
    },
  )
  await until(() => engine.waiting('r1', 'short')?.for === 'parked')
  await stop()
}

/** A service whose team may spend so much. */
async function serve(usd: number): Promise<{ service: Started; client: SeamarkClient }> {
  const config = {
    agents: { writer: { budget: { usd: 1 } }, reader: {} },
    teams: { web: { members: [me, 'local:other'], budget: { usd } }, others: { members: ['local:other'] } },
  }
  here.write('named.config.mjs', `export default ${JSON.stringify(config)}\n`)
  const service = here.start('serve', '--config', 'named.config.mjs')
  const client = seamarkClient({ socketPath: socketIn(here.data) })
  await until(
    () =>
      client.health().then(
        () => true,
        () => false,
      ),
    60_000,
  )
  return { service, client }
}

let now: { service: Started; client: SeamarkClient }
async function stop(): Promise<void> {
  await now.client.close()
  now.service.child.kill('SIGTERM')
  await now.service.ended
}
beforeAll(async () => {
  await spend()
  now = await serve(1)
}, 90_000)
afterAll(async () => {
  await stop()
  here.remove()
}, 120_000)

it('what waits for a team says so, with the place of its budget, and how all of them stand', async () => {
  const { out } = await here.seamark('status', 'r1')
  expect(out).toMatch(/short waits: the budget of the team web has \$0\.1000 left.*raise teams\.web\.budget/)
  expect(out).toMatch(/budget of the agent writer: \$0\.9000 of \$1\.00.*80 %/)
  const standing = { settled: { nanoUsd: 900_000_000 }, limits: { nanoUsd: 1_000_000_000 }, warned: ['nanoUsd'] }
  expect(runView.parse(await now.client.run('r1')).budgets).toMatchObject([
    { account: 'agent:writer', ...standing },
    { account: 'team:web', ...standing },
  ])
  const { budgets } = serviceView.parse(await now.client.service())
  expect(budgets?.map(({ account }) => account)).toEqual(['agent:writer', 'team:web'])
}, 120_000)

it('usage is shown by agent and team, of teams without a total', async () => {
  const call = { calls: 1, charged: { tokens: 60, nanoUsd: 900_000_000 } }
  for (const [by, rows] of [
    ['agent', [{ agent: 'writer', ...call }]],
    [
      'team',
      [
        { team: 'data', ...call },
        { team: 'web', ...call },
      ],
    ],
  ] as const) {
    const found: unknown[] = []
    for await (const row of now.client.usage({ by, since: '2026-01-01' })) found.push(row)
    expect(found).toMatchObject(rows)
    const shown = json(await here.seamark('usage', '--by', by, '--json'))
    expect(shown).toMatchObject({ by, usage: rows })
    if (by === 'agent') expect(shown).toMatchObject({ total: call })
    else expect(shown).not.toHaveProperty('total')
  }
  const { out } = await here.seamark('usage', '--by', 'team')
  expect(out).toMatch(/^web +1 call +60 tokens +\$0\.9000$/m)
  expect(out).not.toContain('total')
}, 120_000)

it('a run is of the teams that its principal is in when it is submitted, and of no unknown agent', async () => {
  const plan = (agent: string) =>
    JSON.stringify({
      version: 1,
      defaults: { executor: 'process' },
      items: [{ id: 'a', run: 'true', agent, locks: ['..'] }],
    })
  const refused = await now.client.submit({ plan: plan('writr'), format: 'json' }).catch((error: unknown) => error)
  expect(Reflect.get(Object(refused), 'problems')).toMatchObject([
    { code: 'INVALID_INPUT', place: { pointer: '/items/0/agent' }, remedy: expect.stringContaining('writer') },
    { code: 'INVALID_INPUT', place: { pointer: '/items/0/locks/0' } },
  ])
  const { run } = await now.client.submit({ plan: plan('writer').replace('..', 'a'), format: 'json' })
  const submitted: unknown[] = []
  for await (const event of now.client.events(run, { follow: true }))
    if (event.type === 'record' && event.kind === 'run.submitted') submitted.push(event.data)
  expect(submitted).toMatchObject([{ teams: ['web'] }])
}, 120_000)

it('what waits for a team goes on once the service starts with more for it', async () => {
  expect(await now.client.run('r1')).toMatchObject({ status: 'running' })
  await stop()
  now = await serve(5)
  for await (const _ of now.client.events('r1', { follow: true }));
  expect(await now.client.run('r1')).toMatchObject({ status: 'succeeded' })
}, 90_000)
