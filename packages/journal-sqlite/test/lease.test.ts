import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { hasCode } from '@seamark/kit'
import { openLog, startChild } from '@seamark/testing'
import { sqliteJournal } from '../src/index.ts'
import type { SqliteStore } from '../src/index.ts'
import { reserveBytes, temporaryFolder } from './subject.ts'

const folders: string[] = []
const stores: SqliteStore[] = []
const open = (dir = temporaryFolder()): SqliteStore & { dir: string } => {
  folders.push(dir)
  const store = sqliteJournal({ dir, reserveBytes })
  stores.push(store)
  return { ...store, dir }
}
afterEach(async () => {
  for (const { journal } of stores.splice(0)) await journal.close()
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true })
})

describe('the lease', () => {
  it('is exclusive between processes, names its holder, and is free when the holder is killed', async () => {
    const { journal, dir } = open()
    const child = startChild('--conditions=source', join(import.meta.dirname, 'appender.child.ts'), dir)
    await child.line('ready')
    child.send('go')
    await child.line('acknowledged')
    const error = await journal.acquire('default', 'second').catch((thrown: unknown) => thrown)
    expect(hasCode(error, 'CONFLICT') && error.message).toContain(`appender (process ${child.process.pid} on `)
    // Readers need no lease.
    expect((await journal.head('default')).size).toBeGreaterThan(0)
    await child.kill()
    const lease = await journal.acquire('default', 'second')
    expect(lease.epoch).toBe(2)
  })

  it('is exclusive between two stores of one process', async () => {
    const first = open()
    const second = open(first.dir)
    const { lease } = await openLog(first.journal)
    await expect(second.journal.acquire('default', 'second')).rejects.toMatchObject({ code: 'CONFLICT' })
    await lease.release()
    expect((await second.journal.acquire('default', 'second')).epoch).toBe(lease.epoch + 1)
  })

  it('ends with the journal when that is retired, and nobody gets it again', async () => {
    const { journal, dir } = open()
    const other = open(dir)
    const log = await openLog(journal)
    await log.append(3)
    // A reader keeps the write-ahead log from being brought in.
    expect((await other.journal.head('default')).size).toBe(3)
    await journal.retire(log.lease)
    await expect(log.append(1)).rejects.toMatchObject({ code: 'CONFLICT' })
    await log.lease.release()
    for (const one of [journal, other.journal, open(dir).journal])
      await expect(one.acquire('default', 'next')).rejects.toMatchObject({ code: 'INTEGRITY' })
    const kept = new Database(join(dir, 'default', 'journal.db.moved'), { readonly: true })
    expect(kept.prepare('SELECT count(*) FROM records').pluck().get()).toBe(3)
    kept.close()
  })

  it('is refused by the database itself once another epoch is there, and says that it is lost', async () => {
    const { journal, dir } = open()
    const log = await openLog(journal)
    await log.append(3)
    const behind = new Database(join(dir, 'default', 'journal.db'))
    behind.exec('UPDATE lease SET epoch = epoch + 1')
    behind.close()
    await expect(log.append(1)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(hasCode(log.lease.lost.reason, 'CONFLICT')).toBe(true)
    expect((await journal.head('default')).size).toBe(3)
    expect((await journal.acquire('default', 'again')).epoch).toBe(log.lease.epoch + 2)
  })

  it('fences the first holder when somebody removes the lock file and a second one starts', async () => {
    const first = open()
    const log = await openLog(first.journal)
    await log.append(3)
    rmSync(join(first.dir, 'default', 'lock.db'))
    const second = open(first.dir)
    const other = await openLog(second.journal)
    await expect(log.append(1)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(log.lease.lost.aborted).toBe(true)
    await other.append(1)
    expect((await first.journal.head('default')).size).toBe(4)
  })

  it('is not given to a store that only reads', async () => {
    const { journal, dir } = open()
    await openLog(journal)
    const reader = sqliteJournal({ dir, readOnly: true })
    stores.push(reader)
    await expect(reader.journal.acquire('default', 'reader')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})
