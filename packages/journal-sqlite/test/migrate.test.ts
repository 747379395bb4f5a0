import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from '@seamark/kit'
import { openLog, requireWhole } from '@seamark/testing'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqliteStore } from '../src/journal.ts'
import { MIGRATIONS } from '../src/schema.ts'
import type { Migration } from '../src/schema.ts'
import { temporaryFolder } from './subject.ts'

const latest = MIGRATIONS.at(-1)?.to ?? 0
const next: readonly Migration[] = [
  ...MIGRATIONS,
  { to: latest + 1, sql: `ALTER TABLE records ADD COLUMN extra TEXT; UPDATE records SET extra = 'e' || seq;` },
  { to: latest + 2, sql: `CREATE TABLE added (id INTEGER PRIMARY KEY) STRICT;` },
]

let dir: string
const path = (file: string): string => join(dir, 'default', file)
const backup = (): string => path(`journal.db.v${latest}.backup`)
const using = async <T>(
  migrations: readonly Migration[],
  body: (store: ReturnType<typeof sqliteStore>) => Promise<T>,
): Promise<T> => {
  const store = sqliteStore({ dir, reserveBytes: 0 }, migrations)
  try {
    return await body(store)
  } finally {
    await store.journal.close()
  }
}

beforeEach(async () => {
  dir = temporaryFolder()
  await using(MIGRATIONS, async ({ journal }) => {
    const log = await openLog(journal)
    await log.append(50)
    await journal.commitCheckpoint(log.lease, log.checkpoint())
  })
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('a migration', () => {
  it('is made by whoever takes the lease, after a backup, and keeps everything', async () => {
    await using(next, async (store) => {
      await store.journal.acquire('default', 'new release')
      expect((await requireWhole(store)).size).toBe(50)
    })
    const db = new Database(path('journal.db'), { readonly: true })
    expect(db.pragma('user_version', { simple: true })).toBe(latest + 2)
    expect(db.prepare('SELECT extra FROM records WHERE seq = 7').pluck().get()).toBe('e7')
    db.close()
    expect((statSync(backup()).mode & 0o777).toString(8)).toBe('600')
    const copy = new Database(backup(), { readonly: true })
    expect(copy.pragma('user_version', { simple: true })).toBe(latest)
    expect(copy.prepare('SELECT count(*) FROM records').pluck().get()).toBe(50)
    copy.close()
  })

  it('from the schema of the first release keeps everything, and makes what it lacked', async () => {
    const old = new Database(path('journal.db'))
    old.exec('DROP TABLE usage; PRAGMA user_version = 1')
    old.close()
    await using(MIGRATIONS, async (store) => {
      // Readers do with it, also where nobody ever takes the lease.
      expect((await requireWhole(store)).size).toBe(50)
      expect(await store.projections.query('default', 'usage', { by: 'run' })).toEqual({ rows: [] })
      expect((await store.journal.head('default')).size).toBe(50)
      const report = await store.journal.scrub('default', { bytesPerSecond: 1e9 })
      expect([report.records, report.damage]).toEqual([50, undefined])
      expect(existsSync(path('journal.db.v1.backup'))).toBe(false)
      const log = await openLog(store.journal)
      await log.append(20)
      expect((await requireWhole(store)).size).toBe(70)
      expect(await store.projections.query('default', 'usage', { by: 'run' })).toEqual({ rows: [] })
    })
    const copy = new Database(path('journal.db.v1.backup'), { readonly: true })
    expect(copy.pragma('user_version', { simple: true })).toBe(1)
    copy.close()
  })

  it('that fails half way leaves the step before it, and the backup', async () => {
    const failing = [
      ...next.slice(0, -1),
      { to: latest + 2, sql: 'CREATE TABLE half (id INTEGER) STRICT; SELECT nonsense();' },
    ]
    await using(failing, async ({ journal }) => {
      await expect(journal.acquire('default', 'h')).rejects.toMatchObject({ code: 'INTERNAL' })
    })
    const db = new Database(path('journal.db'), { readonly: true })
    expect(db.pragma('user_version', { simple: true })).toBe(latest + 1)
    expect(db.prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'half'`).pluck().get()).toBe(0)
    db.close()
    expect(existsSync(backup())).toBe(true)
    await using(next, async (store) => {
      await store.journal.acquire('default', 'h')
      expect((await requireWhole(store)).size).toBe(50)
    })
  })

  it('is never made by a reader, which says so', async () => {
    await using(next, async ({ journal }) => {
      await expect(journal.head('default')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    })
    expect(readdirSync(path('')).filter((file) => file.endsWith('.backup'))).toEqual([])
  })

  it('backwards there is none: a newer version is UNSUPPORTED and named, to writers and readers', async () => {
    await using(next, async ({ journal }) => journal.acquire('default', 'new release'))
    await using(MIGRATIONS, async ({ journal }) => {
      for (const call of [() => journal.acquire('default', 'old release'), () => journal.head('default')]) {
        const error = await call().catch((thrown: unknown) => thrown)
        expect(hasCode(error, 'UNSUPPORTED') && error.message).toContain(`version ${latest + 2}`)
      }
    })
  })

  it('does not keep what is purged later: the backup loses it, too', async () => {
    await using(next, async ({ journal }) => {
      const lease = await journal.acquire('default', 'new release')
      await journal.purge(lease, [7, 8])
    })
    const copy = new Database(backup(), { readonly: true })
    expect(copy.prepare('SELECT count(*) FROM payloads').pluck().get()).toBe(48)
    copy.close()
  })
})
