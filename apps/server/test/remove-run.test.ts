import { guardedStorage } from '@seamark/collector'
import { blobKey, sha256Hex } from '@seamark/kit'
import type { Engine } from '@seamark/orchestrator'
import { instantItem, memoryJournal, memoryStorage } from '@seamark/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { keepMeanwhile } from '../src/exporting.ts'
import { removeRun } from '../src/gc.ts'
import { smallEngine } from './small-engine.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'seamark-remove-'))
afterAll(() => rmSync(dataDir, { recursive: true }))

it('is refused while something reads what the run left, also where that began at the same time', async () => {
  const store = memoryJournal()
  const engine = smallEngine(store)
  await engine.start()
  const principal = { id: 'local:1000' }
  const items = [instantItem('a')]
  await engine.submit(principal, { run: 'r', plan: 'a'.repeat(64), spec: { workspace: { type: 'empty' } }, items })
  await engine.sealed('r')
  const exporting = new Map<string, number>()
  const storage = memoryStorage()
  // What is no blob of the run stays, however old.
  await storage.put(blobKey('default', sha256Hex('x')), Buffer.from('x'))
  const deployment = {
    ns: 'default',
    dataDir,
    journal: store.journal,
    projections: store.projections,
    guarded: guardedStorage(storage),
    exporting,
    retention: {},
    quotaBytes: {},
    worker: { makeRoom: () => Promise.reject(new Error('There is no quota.')) },
  }
  const remove = (led = engine) =>
    removeRun({ ...deployment, requireEngine: async () => led }, principal, 'r', {
      dryRun: false,
      onNotice: () => undefined,
    })
  const raced: Engine = {
    ...engine,
    async removeRun(...args) {
      const begun = await engine.removeRun(...args)
      keepMeanwhile({ exporting }, 'r')
      return begun
    },
  }
  const size = async () => (await store.journal.head('default')).size

  const letGo = keepMeanwhile({ exporting }, 'r')
  const before = await size()
  await expect(remove()).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await size()).toBe(before)
  letGo()

  await expect(remove(raced)).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await size()).toBe(before + 2)
  exporting.clear()
  expect(engine.storage().collection).toBeUndefined()
  await expect(remove()).resolves.toEqual({
    dryRun: false,
    run: 'r',
    removed: { objects: 0, bytes: 0 },
    young: { objects: 0, bytes: 0 },
  })
  await engine.stop()
})
