import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Lease } from '@seamark/core'
import { postgresJournal } from '@seamark/journal-postgres'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { startPostgres } from '@seamark/testing-services'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { moveNamespace } from '../src/index.ts'
import { breaking, everything, fill } from './source.ts'

let server: Awaited<ReturnType<typeof startPostgres>>
let dir: string
beforeAll(async () => {
  server = await startPostgres()
  dir = mkdtempSync(join(tmpdir(), 'seamark-move-'))
}, 60_000)
afterAll(async () => {
  await server.stop()
  rmSync(dir, { recursive: true })
})

it('from SQLite to PostgreSQL and back everything stays as it was, over interruptions', async () => {
  const sqlite = sqliteJournal({ dir: join(dir, 'there'), reserveBytes: 0 })
  const postgres = postgresJournal({ url: server.url })
  const back = sqliteJournal({ dir: join(dir, 'back'), reserveBytes: 0 })
  await fill(sqlite, 6_000)
  const before = await everything(sqlite)
  for (const [from, to] of [
    [sqlite, postgres],
    [postgres, back],
  ] as const) {
    const options = { ns: 'default', from, holder: 'mover', foldVersion: 3 }
    for (const after of [1, 30]) {
      const broken = { ...to, journal: breaking(to.journal, 'append', after) }
      await expect(moveNamespace({ ...options, to: broken })).rejects.toThrow('it broke')
    }
    expect((await moveNamespace({ ...options, to })).records).toBe(6_000)
    expect(await everything(to)).toEqual(before)
    expect((await moveNamespace({ ...options, to })).resumedAt).toBe(6_000)
  }
  for (const { journal } of [sqlite, back]) {
    const { damage } = await journal.scrub('default', { bytesPerSecond: 1e10 })
    expect(damage).toBeUndefined()
  }
  expect((await postgres.journal.scrub('default', { bytesPerSecond: 1e10 })).damage).toBeUndefined()
  for (const { journal } of [sqlite, postgres, back]) await journal.close()
})

it('a standby that waits while the source is moved away never leads it', async () => {
  const at = { url: server.url, schema: 'waited', deployment: 'moving' }
  const from = postgresJournal(at)
  const to = sqliteJournal({ dir: join(dir, 'away'), reserveBytes: 0 })
  await fill(from, 500)
  const replica = postgresJournal({ ...at, standby: true })
  let waiting: Promise<unknown> | undefined
  const retire = async (lease: Lease): Promise<void> => {
    waiting = replica.journal.acquire('default', 'standby').catch((thrown: unknown) => thrown)
    await setTimeout(1_000)
    await from.journal.retire(lease)
  }
  const options = { ns: 'default', from, to, holder: 'mover', foldVersion: 3 }
  // As where it is ended once the target is whole: nobody was quicker, so it is called again.
  const broken = moveNamespace({ ...options, retire: () => Promise.reject(new Error('it broke')) })
  await expect(broken).rejects.toThrow('it broke')
  expect((await moveNamespace({ ...options, retire })).resumedAt).toBe(500)
  expect(await waiting).toMatchObject({ code: 'CONFLICT' })
  expect(await everything(to)).toEqual(await everything(from))
  await expect(from.journal.acquire('default', 'next')).rejects.toMatchObject({ code: 'CONFLICT' })
  for (const { journal } of [from, to, replica]) await journal.close()
})
