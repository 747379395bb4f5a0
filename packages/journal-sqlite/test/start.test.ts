import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '@seamark/kit'
import { openLog } from '@seamark/testing'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqliteJournal } from '../src/index.ts'
import type { SqliteStore } from '../src/index.ts'
import { reserveBytes, temporaryFolder } from './subject.ts'

let dir: string
let stores: SqliteStore[]
const path = (file: string): string => join(dir, 'default', file)
const open = (): SqliteStore => {
  const store = sqliteJournal({ dir, reserveBytes })
  stores.push(store)
  return store
}
const closeAll = async (): Promise<void> => {
  for (const { journal } of stores.splice(0)) await journal.close()
}
/** Writes 40 records, a checkpoint over them, and 10 more; then stops. */
const written = async (): Promise<void> => {
  const { journal } = open()
  const log = await openLog(journal)
  await log.append(40)
  await journal.commitCheckpoint(log.lease, log.checkpoint())
  await log.append(10)
  await journal.saveState(log.lease, { size: 50, foldVersion: 1, sha256: sha256Hex('s'), bytes: Buffer.from('s') })
  await closeAll()
}
const change = (sql: string): void => {
  const db = new Database(path('journal.db'))
  db.exec(sql)
  db.close()
}
const acquire = (): Promise<unknown> => open().journal.acquire('default', 'test')
const integrity = { code: 'INTEGRITY' }

beforeEach(() => {
  dir = temporaryFolder()
  stores = []
})
afterEach(async () => {
  await closeAll()
  rmSync(dir, { recursive: true, force: true })
})

describe('a start', () => {
  it('goes on where all is whole', async () => {
    await written()
    await acquire()
    expect(await open().journal.head('default')).toMatchObject({ size: 50, checkpoint: { size: 40 } })
  })

  it('refuses a journal that is shorter than the checkpoint kept beside it, naming both', async () => {
    await written()
    cpSync(path('journal.db'), path('older'))
    const { journal } = open()
    const log = await openLog(journal)
    await log.append(5)
    await journal.commitCheckpoint(log.lease, log.checkpoint())
    await closeAll()
    cpSync(path('older'), path('journal.db'))
    await expect(acquire()).rejects.toMatchObject(integrity)
    await expect(acquire()).rejects.toThrow(
      `${path('journal.db')} holds 50 records, fewer than the 55 that the signed checkpoint in ${path('checkpoint.json')} covers.`,
    )
    expect((await open().journal.head('default')).size).toBe(50)
  })

  it('refuses a journal with other records than the checkpoint covers', async () => {
    await written()
    change(`UPDATE records SET leaf = zeroblob(32) WHERE seq = 37`)
    await expect(acquire()).rejects.toMatchObject(integrity)
    change(`UPDATE nodes SET hash = zeroblob(32) WHERE level = 4 AND at = 1`)
    await expect(acquire()).rejects.toMatchObject(integrity)
  })

  it('refuses a whole journal of another log', async () => {
    await written()
    const other = temporaryFolder()
    const store = sqliteJournal({ dir: other, reserveBytes })
    const log = await openLog(store.journal, 'default', 'test', 1_000)
    await log.append(60)
    await store.journal.close()
    cpSync(join(other, 'default', 'journal.db'), path('journal.db'))
    rmSync(other, { recursive: true })
    await expect(acquire()).rejects.toMatchObject(integrity)
  })

  it.each([
    ['is missing', () => rmSync(path('journal.db'))],
    ['is empty', () => truncateSync(path('journal.db'), 0)],
    ['is missing, and the checkpoint too', () => [rmSync(path('journal.db')), rmSync(path('checkpoint.json'))]],
    ['is cut in half', () => truncateSync(path('journal.db'), statSync(path('journal.db')).size / 2)],
    ['is no database', () => writeFileSync(path('journal.db'), 'x'.repeat(9_000))],
    ['has lost its tables', () => change('PRAGMA user_version = 0; DROP TABLE records')],
    ['has lost a record', () => change('DELETE FROM records WHERE seq = 45')],
    ['has a changed record in its tail', () => change(`UPDATE records SET header = x'78' WHERE seq = 49`)],
    [
      'has a changed node over its tail',
      () => change(`DELETE FROM checkpoint; UPDATE nodes SET hash = zeroblob(32) WHERE at = 2`),
    ],
    ['has a changed snapshot', () => change(`UPDATE states SET bytes = x'78'`)],
  ])('refuses a database that %s, and does not begin anew', async (_, damage) => {
    await written()
    damage()
    await expect(acquire()).rejects.toMatchObject(integrity)
    await expect(acquire()).rejects.toMatchObject(integrity)
  })

  it('refuses an empty database whose WAL is still there', async () => {
    const { journal } = open()
    const log = await openLog(journal)
    await log.append(5)
    const copy = `${dir}-copy`
    cpSync(dir, copy, { recursive: true })
    await closeAll()
    rmSync(dir, { recursive: true })
    cpSync(copy, dir, { recursive: true })
    rmSync(copy, { recursive: true })
    truncateSync(path('journal.db'), 0)
    rmSync(path('holder.json'))
    await expect(acquire()).rejects.toMatchObject(integrity)
    expect(statSync(path('journal.db-wal')).size).toBeGreaterThan(0)
  })

  it('refuses a checkpoint file that is damaged', async () => {
    await written()
    appendFileSync(path('checkpoint.json'), 'x')
    await expect(acquire()).rejects.toMatchObject(integrity)
  })

  it('writes the checkpoint file again where it is lost or older than the database', async () => {
    await written()
    const kept = readFileSync(path('checkpoint.json'), 'utf8')
    rmSync(path('checkpoint.json'))
    await acquire()
    expect(readFileSync(path('checkpoint.json'), 'utf8')).toBe(kept)
  })

  it('ends a read at a record that was changed, naming it, and a scrub finds what no start looks at', async () => {
    const { journal } = open()
    const log = await openLog(journal)
    await log.append(1_000)
    await closeAll()
    for (const [sql, at] of [
      [`UPDATE records SET header = x'78' WHERE seq = 123`, '/records/123'],
      [`UPDATE payloads SET bytes = x'78' WHERE seq = 77`, '/records/77'],
      [`UPDATE nodes SET hash = zeroblob(32) WHERE level = 8 AND at = 1`, '/records/256'],
      [`UPDATE runs SET row = replace(row, '1000', '1001')`, undefined],
    ] as const) {
      const before = readFileSync(path('journal.db'))
      change(sql)
      const store = open()
      await store.journal.acquire('default', 'test')
      let told = 0
      const report = await store.journal.scrub('default', { bytesPerSecond: 1e9, onDamage: () => told++ })
      expect([report.damage?.code, report.damage?.problems[0]?.place?.pointer, told]).toEqual(['INTEGRITY', at, 1])
      if (sql.includes('header')) {
        const seen: number[] = []
        const reading = (async () => {
          for await (const { seq } of store.journal.read('default', 0)) seen.push(seq)
        })()
        await expect(reading).rejects.toMatchObject({ ...integrity, problems: [{ place: { pointer: at } }] })
        expect(seen).toHaveLength(123)
      }
      if (sql.includes('runs'))
        await expect(store.projections.query('default', 'runs', {})).rejects.toMatchObject(integrity)
      await closeAll()
      rmSync(path('journal.db-wal'), { force: true })
      writeFileSync(path('journal.db'), before)
    }
    const whole = open()
    await whole.journal.acquire('default', 'test')
    const report = await whole.journal.scrub('default', { bytesPerSecond: 1e9 })
    expect([report.records, report.damage]).toEqual([1_000, undefined])
  })

  it('makes folders with mode 0700 and files with mode 0600', async () => {
    rmSync(dir, { recursive: true })
    const { journal } = open()
    const log = await openLog(journal)
    await log.append(1)
    await journal.commitCheckpoint(log.lease, log.checkpoint())
    const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8)
    expect([dir, path('')].map(mode)).toEqual(['700', '700'])
    const files = ['journal.db', 'journal.db-wal', 'journal.db-shm', 'lock.db', 'holder.json', 'checkpoint.json']
    expect([...files.map(path), join(dir, '.reserve')].map(mode)).toEqual(files.concat('').map(() => '600'))
  })

  it('does nothing before the first use', () => {
    rmSync(dir, { recursive: true })
    open()
    expect(existsSync(dir)).toBe(false)
  })

  it('is FORBIDDEN, with the path, where the folder is not writable', async () => {
    // Root may write everywhere, so a root process becomes somebody else for the moment of the call.
    const { seteuid, geteuid } = process
    const isRoot = geteuid?.() === 0
    chmodSync(dir, 0o555)
    if (isRoot) seteuid?.(65_534)
    const attempt = acquire()
    if (isRoot) seteuid?.(0)
    await expect(attempt).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(attempt).rejects.toThrow(dir)
  })
})
