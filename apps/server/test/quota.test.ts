import { memoryStorage } from '@seamark/testing'
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { storageQuota } from '../src/quota.ts'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

describe('a quota of the storage', () => {
  it('believes room for a minute, and no refusal', async () => {
    const storage = memoryStorage()
    let at = 0
    let looks = 0
    const listed = {
      async *list(...args: Parameters<typeof storage.list>) {
        looks++
        yield* storage.list(...args)
      },
    }
    const common = { storage: listed, maxBytes: 10, now: () => at, onNotice: () => undefined }
    const quota = storageQuota({ ...common, ns: 'ns' })
    await storage.put('ns/a', Buffer.alloc(10))
    await storage.put('other/a', Buffer.alloc(10))
    await quota?.requireRoom()
    await storage.put('ns/b', Buffer.alloc(1))
    at = 59_999
    await quota?.requireRoom()
    expect(looks).toBe(1)
    at = 60_000
    await quota?.requireRoom()
    expect(looks).toBe(2)
    const refused = { code: 'LIMIT_EXCEEDED' }
    const answer = async () =>
      quota?.requireRoom().then(
        () => 'room',
        (error: unknown) => error,
      )
    await expect.poll(answer).toMatchObject(refused)
    await storage.delete?.('ns/b')
    await quota?.requireRoom()
    expect(storageQuota({ ...common, ns: 'ns', maxBytes: undefined })).toBeUndefined()
  })

  it('refuses runs beyond it, by name, and lets them begin again once there is room', async () => {
    const plan =
      'version: 1\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "head -c 2000 /dev/zero > a; sleep 0.01", outputs: [{ path: a }] }\n'
    here.write('plan.yaml', plan)
    const configured = (quota: string) => {
      here.write('seamark.mjs', `export default { quotas: { storage: '${quota}' }, retention: { runs: '1ms' } }\n`)
      return ['--config', 'seamark.mjs'] as const
    }
    const small = configured('1KiB')
    expect((await here.seamark('run', 'plan.yaml', ...small)).code).toBe(0)
    const refused = await here.seamark('run', 'plan.yaml', ...small)
    expect([refused.code, refused.err]).toEqual([6, expect.stringContaining('LIMIT_EXCEEDED')])
    expect(refused.err).toContain('seamark gc')
    const { out } = await here.seamark('doctor', '--json', ...small)
    expect(JSON.parse(out)).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ id: 'storage.quota', status: 'fail' })]),
    })
    const then = new Date(Date.now() - 48 * 3_600_000)
    const files = readdirSync(join(here.data, 'storage'), { recursive: true, withFileTypes: true })
    for (const file of files) if (file.isFile()) utimesSync(join(file.parentPath, file.name), then, then)
    expect((await here.seamark('gc', ...small)).code).toBe(0)
    expect((await here.seamark('run', 'plan.yaml', ...small)).code).toBe(0)
    expect((await here.seamark('validate', 'plan.yaml', ...configured('1GB'))).code).toBe(2)
  }, 120_000)
})

describe('quotas of what lies on the disk of the service', () => {
  const work = join(here.data, 'work/namespaces/default')
  const names = (folder: string) => readdirSync(join(work, folder)).filter((name) => name !== 'empty.git')
  const age = (path: string, hours: number) => {
    const then = new Date(Date.now() - hours * 3_600_000)
    utimesSync(path, then, then)
  }
  const keep = (launchId: string, hours: number) => {
    mkdirSync(join(work, 'kept', launchId), { recursive: true })
    writeFileSync(join(work, 'kept', launchId, 'work'), Buffer.alloc(100_000, 1))
    age(join(work, 'kept', launchId), hours)
  }
  const launch = (letter: string) => `sm${letter.repeat(32)}`
  const told = (quota: string, name: string) => ({ of: name, maxBytes: 1024 * Number.parseInt(quota, 10) })

  it('remove the oldest of what no run in flight or held needs, and say so beforehand, near them and in the log', async () => {
    const configured = (kept: string, mirrors: string) => {
      here.write('seamark.mjs', `export default { quotas: { kept: '${kept}', mirrors: '${mirrors}' } }\n`)
      return ['--config', 'seamark.mjs'] as const
    }
    const config = configured('250KiB', '1KiB')
    const plan = (git: string, run: string) =>
      `version: 1\nworkspace: { git: ${git} }\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "${run}" }\n`
    for (const name of ['held', 'flying', 'over']) {
      here.repository(name, { 'a.txt': name })
      here.write(
        `${name}.yaml`,
        plan(name, name === 'flying' ? 'pwd; until test -e ../../go; do sleep 0.05; done' : 'pwd'),
      )
    }
    const launched = (out: string) => /sm[a-z2-7]{32}/.exec(out)?.[0] ?? expect.unreachable(out)
    const run = async (name: string) => {
      expect((await here.seamark('run', `${name}.yaml`, ...config)).code).toBe(0)
      return launched((await here.seamark('logs', 'last', 'a', ...config)).out)
    }
    const held = await run('held')
    expect((await here.seamark('gc', 'hold', 'last', ...config)).code).toBe(0)
    const over = await run('over')
    const mirrors = names('repositories')
    expect(mirrors).toHaveLength(2)
    const flying = here.start('run', 'flying.yaml', ...config)
    await expect.poll(() => names('attempts').length, { timeout: 30_000 }).toBe(1)
    const flown = names('attempts')[0] ?? ''
    await expect
      .poll(() => existsSync(join(work, 'attempts', flown, 'workspace/a.txt')), { timeout: 30_000 })
      .toBe(true)
    for (const name of names('repositories')) age(join(work, 'repositories', name), 400)
    keep(held, 300)
    keep(flown, 299)
    keep(over, 298)
    keep(launch('a'), 297)
    keep(launch('b'), 296)
    keep(launch('c'), 0)

    const { out: status } = await here.seamark('status', '--json', ...config)
    expect(JSON.parse(status)).toMatchObject({ quotas: [told('250', 'kept'), told('1', 'mirrors')] })
    const doctor = JSON.parse((await here.seamark('doctor', '--json', ...config)).out)
    for (const id of ['kept.quota', 'mirrors.quota'])
      expect(doctor.findings).toContainEqual(expect.objectContaining({ id, status: 'warn' }))

    const gone = {
      quotas: [
        { of: 'kept', removed: { objects: 3 } },
        { of: 'mirrors', removed: { objects: 1 } },
      ],
    }
    const tried = await here.seamark('gc', '--dry-run', '--json', ...config)
    expect(JSON.parse(tried.out)).toMatchObject(gone)
    expect(names('kept')).toHaveLength(6)
    const done = await here.seamark('gc', '--json', ...config)
    expect(JSON.parse(done.out)).toMatchObject(gone)
    expect(new Set(names('kept'))).toEqual(new Set([held, flown, launch('c')]))
    expect(names('repositories')).toHaveLength(2)

    writeFileSync(join(work, 'attempts/go'), '')
    expect((await flying.ended).code).toBe(0)
    expect((await here.seamark('gc', 'release', 'last', ...config)).code).toBe(0)
    await run('over')
  }, 180_000)
})
