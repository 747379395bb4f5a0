import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ground } from './grounds.ts'
import { place, type Place } from './seamark.ts'

/** Tests of policies, on a real service, in attempts on one executor. */
export function testsOfPolicies(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  let ground: Ground

  beforeAll(async () => {
    ground = await open(here)
    undo.push(ground.stop)
  }, 120_000)
  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  const plan = () => `version: 1
defaults: { executor: ${ground.executor} }
items:
  - { id: tight, run: "true", limits: { wallClock: 90s }, tools: { deny: ["rm *"] } }
  - { id: plain, run: "true" }
`
  /** A configuration with this in it. */
  const write = (name: string, more: object) =>
    here.write(name, `export default { ${ground.line} ...${JSON.stringify(more)} }\n`)
  const config = (policy: unknown) => write('seamark.config.mjs', { policy })

  it('is combined at submit, recorded, and explained from the record', { timeout: 120_000 }, async () => {
    here.write('plan.yaml', plan())
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
      executor: ground.executor,
      isolation: ground.isolation,
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
    if (ground.executor === 'sandbox') expect(out).toContain('pids 4096  (executor sandbox)')

    expect(view).not.toHaveProperty('setup')
    expect(out).not.toContain('set-up')

    const refused = await here.seamark('policy', 'explain', 'nothing', '--json', '--config', 'none')
    expect(refused.code).toBe(4)
  })

  it('is explained as its executor holds it', { timeout: 120_000 }, async () => {
    write('held.config.mjs', {})
    const items = [
      { id: 'h', run: 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max; true', limits: { pids: 3000 } },
    ]
    here.write('held.json', JSON.stringify({ version: 1, defaults: { executor: ground.executor }, items }))
    expect(await here.seamark('run', 'held.json', '--id', 'h', '--config', 'held.config.mjs')).toMatchObject({
      code: 0,
    })
    const { out } = await here.seamark('policy', 'explain', 'h', '--run', 'h', '--config', 'held.config.mjs')
    const by = 'item /items/0/limits/pids'
    if (ground.executor === 'sandbox') expect(out).toContain(`  pids 3000  (${by})`)
    else {
      expect(out).toContain(`  pids 512  (executor docker, in place of 3000: ${by})`)
      // The first process of the engine is one more.
      expect((await here.seamark('logs', 'h', 'h', '--config', 'none')).out).toMatch(/^513$/m)
    }
  })

  it('says which writes it refused, in the record, the status and the report', { timeout: 120_000 }, async () => {
    write('writes.config.mjs', {})
    const run = 'echo x > docs.txt; echo y > src/y; exit 0'
    const items = [{ id: 'w', run, filesystem: { write: ['src/**'] } }]
    here.write('writes.json', JSON.stringify({ version: 1, defaults: { executor: ground.executor }, items }))
    const ran = await here.seamark('run', 'writes.json', '--id', 'w', '--config', 'writes.config.mjs')
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.out).toContain('1 file changed, was refused 1 write: /workspace/docs.txt')
    const status = JSON.parse((await here.seamark('status', 'w', '--json', '--config', 'none')).out)
    expect(status.items).toMatchObject([
      { item: 'w', status: 'succeeded', refusedWrites: { count: 1, paths: ['/workspace/docs.txt'] } },
    ])
    await here.seamark('report', 'w', '-o', 'w.html', '--config', 'none')
    expect(readFileSync(join(here.dir, 'w.html'), 'utf8')).toContain('1 write: /workspace/docs.txt')
  })

  it(
    'of an agent is between its queue and its items, in the digest of their launches',
    { timeout: 120_000 },
    async () => {
      const policy = { limits: { wallClock: '10m' } }
      const agents = { writer: { policy: { limits: { wallClock: '5m' }, tools: { deny: ['git push*'] } } } }
      write('agents.config.mjs', { policy, agents })
      const limits = { pids: 100 }
      const list = [
        { id: 'a', run: 'true', limits },
        { id: 'denied', run: 'git push' },
      ]
      const written = (count: number) => ({
        version: 1,
        defaults: { agent: 'writer', executor: ground.executor },
        items: list.slice(0, count),
      })
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
    write('setup.config.mjs', { policy, setup })
    here.repository('repo', { file: 'x\n' })
    const asked = { run: 'mkdir out', key: ['file'], paths: ['out'], policy: { tools: { deny: ['rm *'] } } }
    const written = {
      version: 1,
      workspace: { git: 'repo', setup: asked },
      defaults: { executor: ground.executor },
      items: [{ id: 'a', run: 'true' }],
    }
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

  it('holds an item to its files, by the engine and the worker of a service', { timeout: 120_000 }, async () => {
    config({})
    here.repository('files', { '.env': 'TOKEN=x\n', 'a.txt': 'one\n', 'b.txt': 'one\n' })
    const filesystem = { hide: ['**/.env'], write: ['a.txt', 'out/**'] }
    const lines = [
      '! test -e .env && ! (echo x > b.txt) 2> /dev/null && ! (echo x > new.txt) 2> /dev/null || exit 7',
      'echo two > a.txt; echo made > out/made.txt',
    ]
    const gates = [{ run: '! test -e .env && grep -q two a.txt' }]
    const items = [{ id: 'a', run: lines.join('\n'), patch: 'required', filesystem, gates }]
    const written = { version: 1, workspace: { git: 'files' }, defaults: { executor: ground.executor }, items }
    here.write('files.json', JSON.stringify(written))
    const ran = await here.seamark('run', 'files.json', '--id', 'f', '--json', '--config', 'seamark.config.mjs')
    expect(ran).toMatchObject({ code: 0 })
    const { out } = await here.seamark('patch', 'f', 'a', '--config', 'none')
    expect([...out.matchAll(/^diff --git a\/(.*?) b\//gm)].map(([, path]) => path)).toEqual(['a.txt', 'out/made.txt'])
  })

  it('that denies a line of its plan refuses it, with its place', async () => {
    config({ tools: { deny: ['git push*'] } })
    here.write('bad.yaml', 'version: 1\nitems:\n  - { id: a, run: "git push origin", executor: process }\n')
    const { code, err, out } = await here.seamark('run', 'bad.yaml', '--json', '--config', 'seamark.config.mjs')
    expect(code).toBe(3)
    expect(`${err}${out}`).toContain('/items/0/run')
  })
}
