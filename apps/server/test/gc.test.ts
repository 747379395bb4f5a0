import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, utimesSync, watch } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blobKey, sha256Hex } from '@seamark/kit'
import { folderStorage } from '@seamark/storage-local'
import type { Ended } from './seamark.ts'
import { place } from './seamark.ts'

const here = place()
const json = ({ code, out, err }: Ended): unknown => {
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out)
}
const store = join(here.data, 'storage')
const files = () => readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
const blobs = () => files().filter(({ name }) => name.endsWith('@')).length

/** Makes all that is stored so old that it may be removed. */
function age(): void {
  const then = new Date(Date.now() - 48 * 3_600_000)
  for (const { parentPath, name } of files()) utimesSync(join(parentPath, name), then, then)
}

/** Calls `then` as soon as the first of the blobs is gone, without a look at the others, which go meanwhile. */
function firstRemoval(then: () => void): Promise<void> {
  const folders = new Set(files().map(({ parentPath }) => parentPath))
  return new Promise((resolve) => {
    const watchers = [...folders].map((folder) =>
      watch(folder, (_, name) => {
        if (name?.endsWith('@') !== true || existsSync(join(folder, name))) return
        then()
        for (const watcher of watchers) watcher.close()
        resolve()
      }),
    )
  })
}

async function orphans(count: number): Promise<void> {
  const storage = folderStorage({ dir: store })
  for (let at = 0; at < count; at++) {
    const body = randomBytes(20)
    await storage.put(blobKey('default', sha256Hex(body)), body)
  }
  age()
}

beforeAll(async () => {
  here.repository('.', { 'a.txt': 'a\n' })
  here.write(
    'plan.yaml',
    'version: 1\nworkspace: { git: . }\ndefaults: { executor: process }\nitems:\n  - { id: a, run: "echo b > b.txt; echo said" }\n',
  )
  expect((await here.seamark('run', 'plan.yaml')).code).toBe(0)
}, 60_000)
afterAll(() => here.remove())

describe('seamark gc', () => {
  it('removes what no record names, also after it was killed in the middle, and two at once harm nothing', async () => {
    const needed = blobs()
    await orphans(1_500)
    const tried = json(await here.seamark('gc', '--dry-run', '--json'))
    expect(tried).toMatchObject({ dryRun: true, removed: { orphaned: { objects: 1_500, bytes: 30_000 } } })
    expect(blobs()).toBe(needed + 1_500)

    const killed = here.start('gc')
    await firstRemoval(() => killed.child.kill('SIGKILL'))
    await killed.ended
    const left = blobs()
    expect(left).toBeLessThan(needed + 1_500)
    expect(left).toBeGreaterThan(needed)
    expect(readdirSync(join(here.data, 'tmp'))).toEqual([])

    // One may be refused, and the other end with the service that it found in the first one's process.
    await Promise.all([here.seamark('gc'), here.seamark('gc')])
    expect(blobs()).toBeLessThanOrEqual(left)
    expect((await here.seamark('gc')).code).toBe(0)
    expect(blobs()).toBe(needed)
    expect((await here.seamark('patch', 'last', 'a')).out).toContain('b.txt')
  }, 300_000)

  it('gives a run up at its age, unless it is held, and says so wherever it is asked for', async () => {
    here.write('seamark.mjs', `export default { dataDir: '.seamark', retention: { runs: '1ms' } }\n`)
    const config = ['--config', 'seamark.mjs'] as const
    expect(json(await here.seamark('gc', 'hold', 'last', '--reason', 'audit', '--json', ...config))).toMatchObject({
      placed: true,
    })
    expect(json(await here.seamark('gc', '--json', ...config))).toMatchObject({ removed: { givenUp: { objects: 0 } } })
    expect(json(await here.seamark('gc', 'holds', '--json', ...config))).toMatchObject({ holds: [{ reason: 'audit' }] })
    expect(json(await here.seamark('gc', 'release', 'last', '--json', ...config))).toMatchObject({ released: true })
    expect(json(await here.seamark('gc', '--json', ...config))).toMatchObject({ runs: 1 })
    expect(blobs()).toBe(0)

    for (const command of ['patch', 'logs']) {
      const { code, err } = await here.seamark(command, 'last', 'a', ...config)
      expect([command, code]).toEqual([command, 4])
      expect(err).toContain('NOT_FOUND')
    }
    expect((await here.seamark('evidence', 'export', 'last', '-o', 'bundle/', ...config)).code).toBe(0)
    expect(readFileSync(join(here.dir, 'bundle/README.md'), 'utf8')).toContain('**Not here:**')
    expect(existsSync(join(here.dir, 'bundle/artifacts'))).toBe(false)
    here.write('trust.json', (await here.seamark('keys', 'export', ...config)).out)
    expect((await here.seamark('verify', 'bundle/', '--trust', 'trust.json')).code).toBe(0)
    expect((await here.seamark('report', 'last', '-o', 'report.html', ...config)).code).toBe(0)
    expect(existsSync(join(here.dir, 'report.html'))).toBe(true)
  }, 300_000)

  it('takes no age below an hour', async () => {
    for (const grace of ['59m', '0h', 'x']) expect((await here.seamark('gc', '--grace', grace)).code).toBe(2)
  }, 30_000)
})
