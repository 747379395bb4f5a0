import { execFileSync } from 'node:child_process'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from '@seamark/kit'
import { openLog, requireWhole } from '@seamark/testing'
import type { KnownLog } from '@seamark/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqliteJournal } from '../src/index.ts'
import type { SqliteStore } from '../src/index.ts'
import { sqliteStore } from '../src/journal.ts'
import { MIGRATIONS } from '../src/schema.ts'
import { temporaryFolder } from './subject.ts'

const reserve = 1024 * 1024

/** A small disk of its own, where this user may mount one. */
function mounted(): string | undefined {
  const dir = temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', dir], { stdio: 'ignore' })
    return dir
  } catch {
    rmSync(dir, { recursive: true })
    return undefined
  }
}

async function fill(log: KnownLog, payloadBytes: number): Promise<unknown> {
  for (;;) {
    try {
      await log.append(1, { payloadBytes })
    } catch (error) {
      return error
    }
  }
}

/** Writes files until nothing more fits, and names them. */
function fillDisk(dir: string): readonly string[] {
  const files: string[] = []
  for (let bytes = 64 * 1024; bytes >= 4096; bytes /= 2) {
    try {
      for (;;) {
        const file = join(dir, `ballast-${files.length}`)
        files.push(file)
        writeFileSync(file, Buffer.alloc(bytes, 1))
      }
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
    }
  }
  return files
}

const probe = mounted()
if (probe !== undefined) {
  execFileSync('umount', [probe])
  rmSync(probe, { recursive: true })
}
const how = probe === undefined ? 'PRAGMA max_page_count, since this user can not mount' : 'a tmpfs of 4 MiB'

describe.skipIf(probe === undefined)(`a full disk (${how})`, () => {
  let dir: string
  let store: SqliteStore
  beforeEach(() => {
    dir = mounted() ?? expect.fail('no mount')
    store = sqliteJournal({ dir, reserveBytes: reserve })
  })
  afterEach(async () => {
    await store.journal.close()
    execFileSync('umount', [dir])
    rmSync(dir, { recursive: true })
  })
  const whole = (): boolean => (statSync(join(dir, '.reserve'), { throwIfNoEntry: false })?.size ?? 0) === reserve

  it('sets the reserve aside, with real blocks', async () => {
    await openLog(store.journal)
    const { size, blocks } = statSync(join(dir, '.reserve'))
    expect(size).toBe(reserve)
    expect(blocks * 512).toBeGreaterThanOrEqual(reserve)
  })

  it('refuses what is not urgent, takes what is, and goes on by itself once there is space', async () => {
    const { journal } = store
    const log = await openLog(journal)
    await log.append(5)
    const ballast = join(dir, 'ballast')
    writeFileSync(ballast, Buffer.alloc(512 * 1024, 1))

    expect(await fill(log, 10)).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    const full = log.frontier.size
    expect((await journal.head('default')).size).toBe(full)
    expect(whole()).toBe(true)

    // Launches have stopped; many cancels and settles can still be recorded.
    for (let i = 0; i < 50; i++) await log.append(2, { urgent: true })
    expect(whole()).toBe(false)
    expect((await requireWhole(store)).size).toBe(full + 100)

    // Somebody else takes what is left: the reserve can not be set aside again.
    const more = fillDisk(dir)
    await expect(log.append(1)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect((await journal.head('default')).size).toBe(full + 100)

    for (const file of [ballast, ...more]) rmSync(file)
    await log.append(1)
    expect(whole()).toBe(true)
    expect((await requireWhole(store)).size).toBe(full + 101)
  })

  it('can be started on with the help of the reserve', async () => {
    await (await openLog(store.journal)).append(5)
    await store.journal.close()
    fillDisk(dir)
    store = sqliteJournal({ dir, reserveBytes: reserve })
    const log = await openLog(store.journal)
    await log.append(5, { urgent: true })
    await expect(log.append(1)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect((await requireWhole(store)).size).toBe(10)
  })

  it('loses nothing at a start without any space', async () => {
    const log = await openLog(store.journal)
    await log.append(5)
    await store.journal.close()
    rmSync(join(dir, '.reserve'))
    const ballast = fillDisk(dir)
    store = sqliteJournal({ dir, reserveBytes: reserve })
    const error = await openLog(store.journal).catch((thrown: unknown) => thrown)
    // Either there was just room for a lease, or the disk is named as the reason; nothing is damaged.
    expect(error instanceof Error ? hasCode(error, 'LIMIT_EXCEEDED') : true).toBe(true)
    for (const file of ballast) rmSync(file)
    await store.journal.close()
    store = sqliteJournal({ dir, reserveBytes: reserve })
    await store.journal.acquire('default', 'again')
    expect((await requireWhole(store)).size).toBe(5)
  })

  it('that is read-only is FORBIDDEN', async () => {
    await openLog(store.journal)
    await store.journal.close()
    execFileSync('mount', ['-o', 'remount,ro', dir])
    store = sqliteJournal({ dir, reserveBytes: reserve })
    await expect(store.journal.acquire('default', 'h')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe.skipIf(probe !== undefined)(`a full disk (${how})`, () => {
  it('refuses a batch whole, and goes on once there is space', async () => {
    const dir = temporaryFolder()
    let limit = (_: number): void => undefined
    const store = sqliteStore({ dir, reserveBytes: 0 }, MIGRATIONS, (db) => {
      limit = (pages) => db.pragma(`max_page_count = ${pages}`)
    })
    const log = await openLog(store.journal)
    limit(48)
    expect(await fill(log, 10)).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect((await requireWhole(store)).size).toBe(log.frontier.size)
    limit(10_000)
    await log.append(1)
    await store.journal.close()
    rmSync(dir, { recursive: true })
  })
})
