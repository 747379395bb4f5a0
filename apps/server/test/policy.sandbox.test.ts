import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

const plan = `version: 1
items:
  - { id: tight, run: "true", limits: { wallClock: 90s }, tools: { deny: ["rm *"] } }
  - { id: plain, run: "true" }
`
const config = (policy: unknown) =>
  writeFileSync(join(here.dir, 'seamark.config.mjs'), `export default { policy: ${JSON.stringify(policy)} }\n`)

it('is combined at submit, recorded, and explained from the record', { timeout: 120_000 }, async () => {
  here.write('plan.yaml', plan)
  config({ limits: { wallClock: '10m' }, tools: { deny: ['git push*'] } })
  const ran = await here.seamark('run', 'plan.yaml', '--id', 'r', '--config', 'seamark.config.mjs')
  expect(ran).toMatchObject({ code: 0 })
  // What the configuration says by now has no say in what was recorded.
  config({ limits: { wallClock: '1m' } })
  const view = JSON.parse(
    (await here.seamark('policy', 'explain', 'tight', '--json', '--config', 'seamark.config.mjs')).out,
  )
  expect(view).toMatchObject({
    run: 'r',
    item: 'tight',
    executor: 'sandbox',
    isolation: 'namespace',
    said: true,
    policy: { limits: { wallClockMs: 90_000 }, tools: { deny: ['git push*', 'rm *'] }, network: { allow: [] } },
  })
  const from = new Map<string, unknown>(
    view.parts.map((part: { pointer: string; from: unknown }) => [part.pointer, part.from]),
  )
  expect(from.get('/limits/wallClockMs')).toEqual([{ level: 'item', pointer: '/items/0/limits/wallClock' }])
  expect(from.get('/tools/deny/0')).toEqual([{ level: 'deployment', pointer: '/policy/tools/deny/0' }])
  expect(from.get('/network/allow')).toEqual([])
  const { out, code } = await here.seamark('policy', 'explain', 'plain', '--run', 'r', '--config', 'none')
  expect(code).toBe(0)
  expect(out).toContain('wall clock 600 s  (deployment /policy/limits/wallClock)')

  expect(view).not.toHaveProperty('setup')
  expect(out).not.toContain('set-up')

  const refused = await here.seamark('policy', 'explain', 'nothing', '--json', '--config', 'none')
  expect(refused.code).toBe(4)
})

it(
  'of an agent is between its queue and its items, in the digest of their launches',
  { timeout: 120_000 },
  async () => {
    const policy = { limits: { wallClock: '10m' } }
    const agents = { writer: { policy: { limits: { wallClock: '5m' }, tools: { deny: ['git push*'] } } } }
    writeFileSync(join(here.dir, 'agents.config.mjs'), `export default ${JSON.stringify({ policy, agents })}\n`)
    const limits = { pids: 100 }
    const list = [
      { id: 'a', run: 'true', limits },
      { id: 'denied', run: 'git push' },
    ]
    const written = (count: number) => ({ version: 1, defaults: { agent: 'writer' }, items: list.slice(0, count) })
    here.write('agents.json', JSON.stringify(written(1)))
    const run = ['run', 'agents.json', '--json', '--config', 'agents.config.mjs']
    const ran = await here.seamark(...run, '--id', 'g')
    expect(ran).toMatchObject({ code: 0 })
    const launched = ran.out.split('\n').find((line) => line.includes('"item.launched"')) ?? '{}'
    const explain = ['policy', 'explain', 'a', '--run', 'g', '--config', 'none']
    const view = JSON.parse((await here.seamark(...explain, '--json')).out)
    expect(view).toMatchObject({ digest: JSON.parse(launched).data.policy })
    expect(view).toMatchObject({ policy: { limits: { wallClockMs: 300_000, pids: 100 } } })
    const { out } = await here.seamark(...explain)
    expect(out).toContain('wall clock 300 s  (agent /agents/writer/policy/limits/wallClock)')
    here.write('agents.json', JSON.stringify(written(2)))
    const refused = await here.seamark(...run, '--id', 'h')
    expect(refused).toMatchObject({ code: 3 })
    expect(refused.err + refused.out).toContain('/items/1/run')
  },
)

it('of a set-up is explained with it, by the digest of its launch', { timeout: 120_000 }, async () => {
  const policy = { limits: { pids: 500 } }
  const setup = { policy: { limits: { wallClock: '10m' } } }
  writeFileSync(join(here.dir, 'setup.config.mjs'), `export default ${JSON.stringify({ policy, setup })}\n`)
  here.repository('repo', { file: 'x\n' })
  const asked = { run: 'mkdir out', key: ['file'], paths: ['out'], policy: { tools: { deny: ['rm *'] } } }
  const written = { version: 1, workspace: { git: 'repo', setup: asked }, items: [{ id: 'a', run: 'true' }] }
  here.write('setup.json', JSON.stringify(written))
  const ran = await here.seamark('run', 'setup.json', '--id', 's', '--json', '--config', 'setup.config.mjs')
  expect(ran).toMatchObject({ code: 0 })
  const launched = ran.out.split('\n').find((line) => line.includes('"layer.launched"')) ?? '{}'
  const explain = ['policy', 'explain', 'a', '--run', 's', '--config', 'none']
  const { setup: view } = JSON.parse((await here.seamark(...explain, '--json')).out)
  expect(view).toMatchObject({ said: true, digest: JSON.parse(launched).data.policy })
  expect(
    view.parts.map(({ pointer, from: [first] }: { pointer: string; from: { pointer: string }[] }) => [
      pointer,
      first?.pointer,
    ]),
  ).toEqual(
    expect.arrayContaining([
      ['/limits/pids', '/policy/limits/pids'],
      ['/limits/wallClockMs', '/setup/policy/limits/wallClock'],
      ['/tools/deny/0', '/workspace/setup/policy/tools/deny/0'],
    ]),
  )
  const { out } = await here.seamark(...explain)
  expect(out).toContain('  rm *  (plan /workspace/setup/policy/tools/deny/0)')
})

it('that denies a line of its plan refuses it, with its place', async () => {
  config({ tools: { deny: ['git push*'] } })
  here.write('bad.yaml', 'version: 1\nitems:\n  - { id: a, run: "git push origin", executor: process }\n')
  const { code, err, out } = await here.seamark('run', 'bad.yaml', '--json', '--config', 'seamark.config.mjs')
  expect(code).toBe(3)
  expect(`${err}${out}`).toContain('/items/0/run')
})
