import type { ItemView } from '@seamark/protocol'
import { seamarkClient } from '@seamark/sdk'
import type { SeamarkClient } from '@seamark/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { socketIn } from '../src/socket.ts'
import type { Ground } from './grounds.ts'
import { modelHost } from './model-host.ts'
import type { ModelHost } from './model-host.ts'
import { place, until, type Place, type Started } from './seamark.ts'

const CONFIG = ['--config', 'named.config.mjs']
const CALL = { model: 'claude-sonnet-4-5-20250929', max_tokens: 1_000, stream: true, messages: [] }

/** Tests of items that wait for the room of a budget, on a real service, in attempts on one executor. */
export function testsOfParkedBudgets(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  let ground: Ground
  let host: ModelHost
  let service: Started
  let client: SeamarkClient

  function config(budgets: object, more: object = {}): void {
    const egress = {
      privateRanges: ['127.0.0.0/8'],
      extraCas: [host.ca],
      meters: { model: { hosts: { '127.0.0.1': 'anthropic' }, maxOutputTokens: 1_000 } },
    }
    here.write(
      'named.config.mjs',
      `export default { ${ground.line} ...${JSON.stringify({ budgets, egress, ...more })} }\n`,
    )
  }

  async function serve(): Promise<void> {
    service = here.start('serve', ...CONFIG)
    await service.saw('Serving')
    client = seamarkClient({ socketPath: socketIn(here.data) })
  }

  async function stop(): Promise<void> {
    await client.close()
    service.child.kill('SIGTERM')
    await service.ended
  }

  function plan(budget: string): string {
    const rule = `{ host: 127.0.0.1, port: ${host.port}, mode: endpoint, methods: [POST], paths: ["/v1/*"], meter: model }`
    const base = `$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["127.0.0.1:${host.port}"]')`
    return `version: 1
defaults: { executor: ${ground.executor} }
items:
  - id: ask
    ${budget}
    network: { allow: [${rule}] }
    run: |
      curl -fsS "${base}/v1/messages" -d '${JSON.stringify(CALL)}' > answer.txt
`
  }

  beforeAll(async () => {
    ground = await open(here)
    undo.push(ground.stop)
    host = await modelHost(here.dir)
    undo.push(host.close)
    config({ principal: { usd: 0.03 } })
    await serve()
    undo.push(stop)
  }, 120_000)
  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  /** What a run's item is once it has this status. */
  async function item(run: string, status: ItemView['status']): Promise<ItemView> {
    let found: ItemView | undefined
    await until(async () => (found = await client.item(run, 'ask')).status === status, 60_000)
    if (found === undefined) throw new Error('No item.')
    return found
  }

  describe('a plan with a budget, in a sandbox that bubblewrap makes', () => {
    it('waits for room, goes on when it is approved, and is in what was used', { timeout: 90_000 }, async () => {
      await client.submit({ plan: plan('budget: { usd: 0.001 }'), format: 'yaml', run: 'short' })
      const { parked } = await item('short', 'parked')
      expect(parked?.budget).toMatchObject({ account: 'item:short/ask', room: 1_000_000 })
      expect(host.asked.size).toBe(0)
      const { code, out } = await here.seamark('approve', 'ask', '--run', 'short', '--usd', '0.099', '--json')
      expect([code, JSON.parse(out)]).toEqual([0, { run: 'short', item: 'ask', wait: parked?.token, approved: true }])
      await item('short', 'succeeded')
      const { total } = JSON.parse((await here.seamark('usage', '--by', 'model', '--json')).out)
      expect(total).toMatchObject({ calls: 1, assumed: 0, charged: { nanoUsd: 17_100_000 } })
    })

    it('waits for its principal, and goes on once the configuration gives more', { timeout: 90_000 }, async () => {
      await client.submit({ plan: plan(''), format: 'yaml', run: 'mine' })
      const { parked } = await item('mine', 'parked')
      expect(parked?.budget?.account).toMatch(/^principal:/)
      await stop()
      config({ principal: { usd: 1 } })
      await serve()
      await item('mine', 'succeeded')
    })

    it(
      'waits for its agent, then for a team, as far as the configuration gives to them',
      { timeout: 120_000 },
      async () => {
        const members = [`local:${process.getuid?.() ?? 'unknown'}`]
        const again = async (agent: number, team: number): Promise<void> => {
          await stop()
          const agents = { asker: { budget: { usd: agent } } }
          config({ principal: { usd: 1 } }, { agents, teams: { web: { members, budget: { usd: team } } } })
          await serve()
        }
        await again(0.001, 0.002)
        await client.submit({ plan: plan('agent: asker'), format: 'yaml', run: 'named' })
        expect((await item('named', 'parked')).parked?.budget).toMatchObject({
          account: 'agent:asker',
          room: 1_000_000,
        })
        const called = host.asked.size
        await again(1, 0.002)
        const waitsFor = async () => (await client.item('named', 'ask')).parked?.budget
        await until(async () => (await waitsFor())?.account === 'team:web', 60_000)
        expect(await waitsFor()).toMatchObject({ room: 2_000_000 })
        expect(host.asked.size).toBe(called)
        await again(1, 1)
        await item('named', 'succeeded')
        for (const by of ['agent', 'team']) {
          const { usage } = JSON.parse((await here.seamark('usage', '--by', by, '--json')).out)
          expect(usage).toMatchObject([{ [by]: by === 'agent' ? 'asker' : 'web', calls: 1 }])
          expect(usage).toMatchObject([{ charged: { nanoUsd: 17_100_000 } }])
        }
      },
    )
  })
}
