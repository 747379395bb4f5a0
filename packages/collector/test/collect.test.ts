import { blobKey, sha256Hex } from '@seamark/kit'
import fc from 'fast-check'
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HOUR, NS, world } from './world.ts'

const ref = (sha256: string) => ({ sha256, size: 1 })

describe('a collection', () => {
  it('removes what no record names and is old enough, and nothing else', async () => {
    const here = await world()
    const patch = await here.blob('patch')
    const state = await here.blob('what an agent keeps')
    const young = await here.blob('young', HOUR)
    const orphan = await here.blob('orphan', HOUR - 1)
    here.objects.set('default/other/thing', { bytes: Buffer.from('x'), sha256: '', storedAt: 0 })
    await here.record('attempt.ended', { product: { patch: ref(patch) } }, 'r')
    await here.record('item.parked', { conversation: { id: 'c', state: ref(state) } }, 'r')
    await here.record('of.a-later-version', { somewhere: [{ deep: ref(await here.blob('new')) }] })
    await here.row('r')

    const tried = await here.collect({ dryRun: true })
    expect(here.stored()).toContain(orphan)
    expect(await here.collect()).toEqual(tried)
    expect(tried).toEqual({
      kept: { objects: 3, bytes: 27 },
      young: { objects: 1, bytes: 5 },
      removed: { orphaned: { objects: 1, bytes: 6 }, givenUp: { objects: 0, bytes: 0 } },
      runs: 0,
      snapshots: 0,
    })
    expect(here.stored()).toEqual([patch, state, young, sha256Hex('new'), 'default/other/thing'].toSorted())
    expect(readdirSync(here.dir)).toEqual([])
  })

  it('keeps agents with their files, removed versions too, and stops where a manifest is gone', async () => {
    const here = await world()
    const file = await here.blob('AGENTS.md')
    const digest = await here.blob(JSON.stringify({ v: 1, files: [{ path: 'AGENTS.md', size: 9, sha256: file }] }))
    await here.record('agent.pushed', { name: 'a', version: 1, digest, files: 1, size: 9 })
    await here.record('agent.removed', { name: 'a', version: 1, digest })
    const orphan = await here.blob('orphan')
    expect((await here.collect()).removed.orphaned.objects).toBe(1)
    expect(here.stored()).toEqual([file, digest].toSorted())

    await here.blob('orphan')
    here.objects.delete(blobKey(NS, digest))
    await expect(here.collect()).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(here.stored()).toContain(orphan)
  })

  it('gives up sealed runs by their age, of some only snapshots, and never what another run needs or what is held', async () => {
    const here = await world()
    const [shared, snapshot, log] = [await here.blob('shared'), await here.blob('snapshot'), await here.blob('log')]
    const product = { patch: ref(shared), stdout: ref(log), snapshot: ref(snapshot) }
    for (const run of ['old', 'held', 'running']) await here.record('attempt.ended', { product }, run)
    await here.row('old', 5)
    await here.row('held', 5)
    await here.row('running')
    const ages = { runsBefore: 6, snapshotsBefore: 8 }
    expect(await here.collect({ ...ages, held: new Set(['held']) })).toMatchObject({ runs: 1, kept: { objects: 3 } })

    await here.row('running', 7)
    const found = await here.collect({ ...ages, held: new Set() })
    expect(found).toMatchObject({ runs: 2, snapshots: 1, removed: { givenUp: { objects: 1 } } })
    expect(here.stored()).toEqual([shared, log].toSorted())
    expect((await here.collect({ runsBefore: 8 })).removed.givenUp.objects).toBe(2)
    expect(here.stored()).toEqual([])
  })

  it('of one run removes what only that run names, and nothing else, whatever its age', async () => {
    const here = await world()
    const [shared, own, late] = [await here.blob('shared'), await here.blob('own'), await here.blob('late', HOUR)]
    const orphan = await here.blob('orphan')
    await here.record('attempt.ended', { product: { patch: ref(shared), stdout: ref(own), stderr: ref(late) } }, 'r')
    await here.record('item.taken', { product: { patch: ref(shared) } }, 'other')
    await here.row('r', 5)
    await here.row('other', 5)
    const none = { objects: 0, bytes: 0 }
    expect(await here.collect({ run: 'r', held: new Set(['r']) })).toMatchObject({
      runs: 0,
      removed: { givenUp: none },
    })
    expect(await here.collect({ run: 'r' })).toEqual({
      kept: { objects: 1, bytes: 6 },
      young: { objects: 1, bytes: 4 },
      removed: { orphaned: none, givenUp: { objects: 1, bytes: 3 } },
      runs: 1,
      snapshots: 0,
    })
    expect(here.stored()).toEqual([shared, late, orphan].toSorted())

    // One that was removed before does not keep what the next one names, and what is its own is left to a collection of all.
    await here.record('collection.begun', { storedBefore: 6, run: 'r' })
    await here.blob('own')
    const removalsFrom = 2
    expect((await here.collect({ run: 'other', removalsFrom })).removed).toEqual({
      orphaned: none,
      givenUp: { objects: 1, bytes: 6 },
    })
    expect(here.stored()).toEqual([own, late, orphan].toSorted())
    await here.collect({ storedBefore: 2 * HOUR, removalsFrom, held: new Set(['r']) })
    expect(here.stored()).toEqual([own, late].toSorted())
    expect((await here.collect({ storedBefore: 2 * HOUR, removalsFrom })).removed.givenUp.objects).toBe(2)
  })

  it('leaves exactly what is needed of any namespace, and nothing more to do', async () => {
    const run = fc.record({
      sealedAt: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
      held: fc.boolean(),
      blobs: fc.array(fc.nat(20), { maxLength: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(run, { maxLength: 6 }),
        fc.array(fc.nat(2 * HOUR), { minLength: 21, maxLength: 21 }),
        fc.nat(11),
        async (runs, ages, runsBefore) => {
          const here = await world()
          const digests: string[] = []
          for (const [at, storedAt] of ages.entries()) digests.push(await here.blob(`blob ${at}`, storedAt))
          const held = new Set<string>()
          const needed = new Set(digests.filter((_, at) => (ages[at] ?? 0) >= HOUR))
          for (const [index, { sealedAt, held: isHeld, blobs }] of runs.entries()) {
            const name = `run-${index}`
            if (isHeld) held.add(name)
            const named = blobs.map((at) => digests[at] ?? '')
            await here.record('attempt.ended', { product: { outputs: named.map((one) => ({ blob: ref(one) })) } }, name)
            await here.row(name, sealedAt)
            if (sealedAt === undefined || isHeld || sealedAt >= runsBefore) for (const one of named) needed.add(one)
          }
          await here.collect({ held, runsBefore })
          expect(here.stored()).toEqual([...needed].toSorted())
          const { removed } = await here.collect({ held, runsBefore })
          expect([removed.orphaned.objects, removed.givenUp.objects]).toEqual([0, 0])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('of a storage that can not delete, or says no times, is refused before anything is removed', async () => {
    const here = await world()
    await here.blob('orphan')
    const { storage } = here.guarded
    const without = new Proxy(storage, { get: (all, name) => (name === 'delete' ? undefined : Reflect.get(all, name)) })
    await expect(here.collect({ guarded: { ...here.guarded, storage: without } })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    for (const object of here.objects.values()) delete object.storedAt
    await expect(here.collect()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(here.stored()).toHaveLength(1)
  })

  it('tells what it removed before it failed', async () => {
    const here = await world()
    for (let at = 0; at < 100; at++) await here.blob(`orphan ${at}`)
    let told = 0
    const guarded = {
      ...here.guarded,
      remove: (key: string) => (told < 40 ? here.guarded.remove(key) : Promise.reject(new Error('away'))),
    }
    await expect(here.collect({ guarded }, { removed: () => void told++ })).rejects.toThrow()
    expect(here.stored()).toHaveLength(100 - told)
    expect(told).toBeGreaterThanOrEqual(40)
  })
})

describe('a blob that is put while a collection runs', () => {
  it('is not removed where it was there before, until a day has passed without a record', async () => {
    let now = 0
    const here = await world(() => now)
    const orphan = await here.blob('orphan')
    const key = blobKey(NS, orphan)
    await here.guarded.storage.put(key, Buffer.from('orphan'), { ifAbsent: true })
    expect(await here.collect()).toMatchObject({ young: { objects: 1 }, removed: { orphaned: { objects: 0 } } })
    now = 24 * HOUR + 1
    await here.blob('something else')
    await here.collect()
    expect(here.stored()).toEqual([])
  })

  it('is written anew where it is just being removed', async () => {
    const here = await world()
    const key = blobKey(NS, await here.blob('orphan'))
    const removing = here.guarded.remove(key)
    const put = here.guarded.storage.put(key, Buffer.from('orphan'), { ifAbsent: true })
    expect(await removing).toBe(true)
    expect((await put).created).toBe(true)
    expect(here.stored()).toHaveLength(1)
  })
})
