import { memoryStorage } from '@seamark/testing'
import { readdirSync, utimesSync } from 'node:fs'
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
