import { guardedStorage } from '@seamark/collector'
import type { Journal } from '@seamark/core'
import { blobKey, sha256Hex, sleep } from '@seamark/kit'
import type { Engine } from '@seamark/orchestrator'
import { memoryJournal, memoryStorage } from '@seamark/testing'
import type { MemoryObject } from '@seamark/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { collect } from '../src/gc.ts'
import { smallEngine } from './small-engine.ts'

const ORPHANS = 100
const dataDir = mkdtempSync(join(tmpdir(), 'seamark-collect-'))
afterAll(() => rmSync(dataDir, { recursive: true }))

/** An engine that sweeps, held up at its first deletions. */
async function sweeping(change: (journal: Journal) => Journal = (journal) => journal) {
  const store = memoryJournal()
  const makeEngine = (journal: Journal): Engine => smallEngine({ journal, projections: store.projections })
  const engine = makeEngine(change(store.journal))
  await engine.start()

  const objects = new Map<string, MemoryObject>()
  const storage = memoryStorage({ objects })
  for (let at = 0; at < ORPHANS; at++) {
    const bytes = Buffer.from(`orphan ${at}`)
    await storage.put(blobKey('default', sha256Hex(bytes)), bytes)
  }
  for (const object of objects.values()) object.storedAt = 0
  const reached = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow = new Proxy(storage, {
    get(target, name) {
      if (name !== 'delete') return Reflect.get(target, name) as unknown
      return async (key: string) => {
        reached.resolve()
        await goOn.promise
        await target.delete?.(key)
      }
    },
  })
  const notices: Error[] = []
  const result = collect(
    {
      ns: 'default',
      dataDir,
      journal: store.journal,
      projections: store.projections,
      guarded: guardedStorage(slow),
      exporting: new Map(),
      retention: {},
      quotaBytes: {},
      worker: { makeRoom: () => Promise.reject(new Error('There is no quota.')) },
      requireEngine: async () => engine,
    },
    { id: 'local:1000' },
    {},
    { onNotice: (error) => notices.push(error) },
  )
  // Each test says how it ends; until then nobody listens.
  result.catch(() => undefined)
  await reached.promise
  return { engine, store, makeEngine, objects, result, goOn: goOn.resolve, notices }
}

describe('a collection', () => {
  it('has ended its deletions before a stop lets go of the lease', async () => {
    const { engine, store, objects, result, goOn } = await sweeping()
    const stopped = engine.stop()
    const first = await Promise.race([stopped.then(() => 'stopped'), sleep(100).then(() => 'waits')])
    expect(first).toBe('waits')
    await expect(store.journal.acquire('default', 'the next one')).rejects.toMatchObject({ code: 'CONFLICT' })
    goOn()
    await stopped
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    const left = objects.size
    expect(left).toBeGreaterThanOrEqual(ORPHANS - 32)
    const log: string[] = []
    for await (const { header } of store.journal.read('default', 0)) log.push(Buffer.from(header).toString())
    expect(log.join('\n')).toContain(`"outcome":"failed","removed":${ORPHANS - left}`)
  })

  it('ends where another engine leads, also where that was not told', async () => {
    const never = new AbortController()
    const { store, makeEngine, objects, result, goOn, engine } = await sweeping((journal) => ({
      ...journal,
      async acquire(...args) {
        const { ns, epoch, release } = await journal.acquire(...args)
        return { ns, epoch, release, lost: never.signal }
      },
    }))
    store.depose('default')
    const next = makeEngine(store.journal)
    await next.start()
    goOn()
    await expect(result).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(objects.size).toBe(ORPHANS - 32)
    await engine.stop()
    await next.stop()
  })

  it('ends where the lease is lost', async () => {
    const { store, engine, objects, result, goOn } = await sweeping()
    store.depose('default')
    await engine.failed
    goOn()
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    expect(objects.size).toBe(ORPHANS - 32)
    await engine.stop()
  })
})
