import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lease } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { memoryJournal, openLog } from '@seamark/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { endMove, moveNamespace } from '../src/index.ts'
import type { MoveOptions, Store } from '../src/index.ts'
import { breaking, everything, fill } from './source.ts'

let dir: string
let from: ReturnType<typeof sqliteJournal>
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-move-'))
  from = sqliteJournal({ dir, reserveBytes: 0 })
})
afterEach(async () => {
  await from.journal.close()
  rmSync(dir, { recursive: true })
})
const move = (to: Store, more: Partial<MoveOptions> = {}) =>
  moveNamespace({ ns: 'default', from, to, holder: 'mover', foldVersion: 3, ...more })

it('moves everything, and says what it was', async () => {
  await fill(from, 5_000)
  const to = memoryJournal()
  const phases = new Set<string>()
  const report = await move(to, { onProgress: ({ phase }) => phases.add(phase) })
  expect(await everything(to)).toEqual(await everything(from))
  expect(report).toMatchObject({ records: 5_000, runs: 50, items: 1_500, resumedAt: 0, checkpointSize: 2_500 })
  expect(report.payloads).toBe(3_330)
  expect([...phases]).toEqual(['copy', 'rows', 'compare'])
  // Both leases are free again.
  for (const { journal } of [from, to]) await (await journal.acquire('default', 'next')).release()
})

it.each([
  ['append', 0],
  ['append', 1],
  ['append', 2],
  ['append', 3],
  ['append', 40],
  ['commitCheckpoint', 0],
] as const)('resumes after a break at %s %i, also where payloads were purged meanwhile', async (method, after) => {
  await fill(from, 5_000)
  const to = memoryJournal()
  await expect(move({ ...to, journal: breaking(to.journal, method, after) })).rejects.toThrow('it broke')
  const { size } = await to.journal.head('default')
  const lease = await from.journal.acquire('default', 'purger')
  await from.journal.purge(lease, [10, 11, 4_000])
  await lease.release()
  expect((await move(to)).resumedAt).toBe(size)
  expect(await everything(to)).toEqual(await everything(from))
})

it('is over once more where it was ended after its last step, whatever was not taken out of use by then', async () => {
  await fill(from, 500)
  const to = memoryJournal()
  await move(to)
  expect(await move(to)).toMatchObject({ records: 500, resumedAt: 500 })
  expect(await everything(to)).toEqual(await everything(from))
})

it('retires the source once the target is whole, before anybody else gets its lease', async () => {
  await fill(from, 500)
  const to = memoryJournal()
  const other = sqliteJournal({ dir, reserveBytes: 0 })
  const retire = async (lease: Lease): Promise<void> => {
    expect(await everything(to)).toEqual(await everything(from))
    await expect(other.journal.acquire('default', 'next')).rejects.toMatchObject({ code: 'CONFLICT' })
    await from.journal.retire(lease)
  }
  // As where it is ended in between.
  await expect(move(to, { retire: () => Promise.reject(new Error('it broke')) })).rejects.toThrow('it broke')
  expect(await move(to, { retire })).toMatchObject({ records: 500, resumedAt: 500 })
  await expect(other.journal.acquire('default', 'next')).rejects.toMatchObject({ code: 'INTEGRITY' })
  await other.journal.close()
})

it('does not retire what did not arrive', async () => {
  await fill(from, 500)
  const to = memoryJournal()
  const broken = { ...to, journal: breaking(to.journal, 'commitCheckpoint', 0) }
  await expect(move(broken, { retire: from.journal.retire })).rejects.toThrow('it broke')
  expect((await move(to, { retire: from.journal.retire })).resumedAt).toBe(500)
})

it('lets nobody lead the target before the source is out of use, wherever it was ended', async () => {
  await fill(from, 500)
  const at = join(dir, 'target')
  const to = sqliteJournal({ dir: at, reserveBytes: 0, receiving: true })
  const next = sqliteJournal({ dir: at, reserveBytes: 0 })
  const broken = () => Promise.reject(new Error('it broke'))
  const refused = () => expect(next.journal.acquire('default', 'next')).rejects.toMatchObject({ code: 'CONFLICT' })
  const admit = (lease: Lease): Promise<void> => to.journal.admit(lease)
  const retire = async (lease: Lease): Promise<void> =>
    from.journal.retire(lease, (await to.journal.moveMark('default'))?.move)

  await expect(move({ ...to, journal: breaking(to.journal, 'append', 3) }, { admit })).rejects.toThrow('it broke')
  await refused()
  await expect(move(to, { retire: broken, admit })).rejects.toThrow('it broke')
  await refused()
  // The source leads on meanwhile. What has a checkpoint now is still only what arrived.
  const log = await openLog(from.journal)
  await log.append(100)
  const checkpoint = log.checkpoint()
  await from.journal.commitCheckpoint(log.lease, checkpoint)
  await log.lease.release()
  const before = await everything(from)
  await expect(move(to, { retire, admit: broken })).rejects.toThrow('it broke')
  await refused()
  await expect(from.journal.acquire('default', 'next')).rejects.toMatchObject({ code: 'INTEGRITY' })

  const left = await from.journal.moveMark('default')
  expect(left).toEqual({ state: 'moved', move: (await to.journal.moveMark('default'))?.move })
  const ended = await endMove({ ns: 'default', to, holder: 'mover', foldVersion: 3, admit })
  expect(ended).toMatchObject({ records: 600, runs: 6, items: 150, resumedAt: 600, checkpointSize: 600 })
  expect(await everything(next)).toEqual(before)
  await (await next.journal.acquire('default', 'next')).release()
  expect(await to.journal.moveMark('default')).toBeUndefined()
  // Nothing else is moved to what is in use.
  await expect(to.journal.acquire('default', 'mover')).rejects.toMatchObject({ code: 'CONFLICT' })
  for (const { journal } of [to, next]) await journal.close()
})

it('refuses a target that is not empty', async () => {
  await fill(from, 500)
  const used = memoryJournal()
  await move(used)
  const log = await openLog(used.journal)
  await log.append(1)
  await log.lease.release()
  await expect(move(used)).rejects.toMatchObject({ code: 'CONFLICT' })
  const other = memoryJournal()
  await fill(other, 300)
  await expect(move(other)).rejects.toMatchObject({ code: 'CONFLICT' })
  const rows = memoryJournal()
  const lease = await rows.journal.acquire('default', 'h')
  const { rows: runs } = await from.projections.query('default', 'runs', {})
  const changes = runs.map((row) => ({ projection: 'runs', row }) as const)
  await rows.journal.append(lease, 0, { records: [], payloads: [], nodes: [], changes })
  await lease.release()
  await expect(move(rows)).rejects.toMatchObject({ code: 'CONFLICT' })
})

it('refuses a source that a service uses, one without records, and a target that a service uses', async () => {
  const to = memoryJournal()
  await expect(move(to)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await fill(from, 100)
  const busy = await from.journal.acquire('default', 'service')
  await expect(move(to)).rejects.toMatchObject({ code: 'CONFLICT' })
  await busy.release()
  await to.journal.acquire('default', 'service')
  await expect(move(to)).rejects.toMatchObject({ code: 'CONFLICT' })
})

it.each([
  ['a payload', (bytes: Uint8Array) => ({ bytes })],
  ['a salt', (salt: Uint8Array) => ({ salt })],
])('finds out that %s arrived otherwise', async (_, change) => {
  await fill(from, 500)
  const to = memoryJournal()
  const journal: Store['journal'] = {
    ...to.journal,
    append: (lease, size, batch, options) => {
      const payloads = batch.payloads.map((one) => (one.seq === 98 ? { ...one, ...change(Buffer.alloc(32, 9)) } : one))
      return to.journal.append(lease, size, { ...batch, payloads }, options)
    },
  }
  const error = { code: 'INTEGRITY', problems: [{ place: { pointer: '/records/98' } }] }
  await expect(move({ ...to, journal })).rejects.toMatchObject(error)
  expect((await to.journal.head('default')).checkpoint).toBeUndefined()
})

it.each(['runs', 'items', 'usage'] as const)('finds out that %s arrived otherwise', async (projection) => {
  await fill(from, 500)
  const to = memoryJournal()
  const journal: Store['journal'] = {
    ...to.journal,
    append: (lease, size, batch, options) => {
      const changes = [...batch.changes].filter((one) => one.projection !== projection || one.row.run !== 'run-200')
      return to.journal.append(lease, size, { ...batch, changes }, options)
    },
  }
  await expect(move({ ...to, journal })).rejects.toMatchObject({ code: 'INTEGRITY' })
  expect((await to.journal.head('default')).checkpoint).toBeUndefined()
})

it('stops when it is told to, and leaves no checkpoint', async () => {
  await fill(from, 5_000)
  const to = memoryJournal()
  const stop = new AbortController()
  await expect(move(to, { onProgress: () => stop.abort(), signal: stop.signal })).rejects.toMatchObject({
    code: 'ABORTED',
  })
  expect((await to.journal.head('default')).checkpoint).toBeUndefined()
  await move(to)
  expect(await everything(to)).toEqual(await everything(from))
})
