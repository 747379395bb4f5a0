import { blobKey, sha256Hex } from '@seamark/kit'
import { s3Storage } from '@seamark/storage-s3'
import { sharedServer } from '@seamark/testing-services'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { newBucket } from './bucket-port.ts'
import { begin, place } from './seamark.ts'

const ORPHANS = 10_000
const PUT_AT_ONCE = 64
const here = place()
afterAll(() => here.remove())

it('removes 10,000 objects that nothing names from radosgw, also after it was killed, one collection at a time', async () => {
  const where = await newBucket(await sharedServer('radosgw'))
  const options = JSON.stringify(where)
  const storage = s3Storage(where)
  await storage.ready()
  const s3 = JSON.stringify(join(import.meta.dirname, '../../../packages/storage-s3/src/index.ts'))
  here.write('seamark.mjs', `import { s3Storage } from ${s3}\nexport default { storage: s3Storage(${options}) }\n`)
  here.repository('.', { 'a.txt': 'a\n' })
  here.write(
    'plan.yaml',
    'version: 1\nworkspace: { git: . }\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "echo b > b.txt" }\n',
  )
  const config = ['--config', 'seamark.mjs'] as const
  expect((await here.seamark('run', 'plan.yaml', ...config)).code).toBe(0)
  const keys = async () => {
    const found: string[] = []
    for await (const { key } of storage.list('default/blobs/')) found.push(key)
    return found
  }
  const needed = await keys()
  expect(needed.length).toBeGreaterThan(0)
  for (let at = 0; at < ORPHANS; at += PUT_AT_ONCE) {
    const some = Array.from({ length: Math.min(PUT_AT_ONCE, ORPHANS - at) }, (_, n) => Buffer.from(`orphan ${at + n}`))
    await Promise.all(some.map((body) => storage.put(blobKey('default', sha256Hex(body)), body)))
  }
  const collecting = () =>
    begin(here.dir, [
      process.execPath,
      '--conditions=source',
      join(import.meta.dirname, 'collect-on-s3.child.ts'),
      here.data,
      options,
    ])

  const first = collecting()
  await expect.poll(async () => (await keys()).length, { timeout: 60_000 }).toBeLessThan(needed.length + ORPHANS)
  first.child.kill('SIGKILL')
  expect((await first.ended).code).toBeNull()
  const left = (await keys()).length - needed.length
  expect(left).toBeGreaterThan(0)

  const { out, err } = await collecting().ended
  expect([err, JSON.parse(out)]).toEqual(['', [left, 'CONFLICT']])
  expect(await keys()).toEqual(needed)
  expect((await here.seamark('patch', 'last', 'a', ...config)).out).toContain('b.txt')
}, 400_000)
