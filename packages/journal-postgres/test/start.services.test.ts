import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '@seamark/kit'
import { openLog } from '@seamark/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PostgresStore } from '../src/index.ts'
import { cluster } from './cluster.ts'

const server = cluster()
let dir: string
let schema: string
let checkpointDir: string
const open = (): PostgresStore => server.open({ schema, checkpointDir })
const file = (): string => join(checkpointDir, 'default.checkpoint.json')
const change = (sql: string): Promise<unknown> => server.sql(`SET search_path TO "${schema}"; ${sql}`)
const integrity = { code: 'INTEGRITY' }

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-checkpoints-'))
  checkpointDir = join(dir, 'kept')
  schema = server.freshSchema()
  const { journal } = open()
  const log = await openLog(journal)
  await log.append(40)
  await journal.commitCheckpoint(log.lease, log.checkpoint())
  await log.append(10)
  await journal.saveState(log.lease, { size: 50, foldVersion: 1, sha256: sha256Hex('s'), bytes: Buffer.from('s') })
  await journal.close()
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('a start', () => {
  it('goes on where all is whole', async () => {
    const { journal } = open()
    await journal.acquire('default', 'h')
    expect(await journal.head('default')).toMatchObject({ size: 50, checkpoint: { size: 40 } })
  })

  it.each([
    ['has lost its newest record', 'DELETE FROM records WHERE seq = 49'],
    [
      'has lost its newest records, and says so everywhere',
      'DELETE FROM records WHERE seq >= 30; UPDATE logs SET size = 30',
    ],
    ['has a record too many', `INSERT INTO records SELECT log, 50, run, leaf, header FROM records WHERE seq = 49`],
    ['has lost a record of its tail', 'DELETE FROM records WHERE seq = 45'],
    ['has a changed record in its tail', `UPDATE records SET header = 'x' WHERE seq = 49`],
    ['has another leaf under its checkpoint', `UPDATE records SET leaf = sha256('x') WHERE seq = 37`],
    ['has another node under its checkpoint', `UPDATE nodes SET hash = sha256('x') WHERE at = 1`],
    ['has another node over its tail', `DELETE FROM checkpoints; UPDATE nodes SET hash = sha256('x') WHERE at = 2`],
    ['has a changed snapshot', `UPDATE states SET bytes = 'x'`],
    ['has lost its tables', `DROP TABLE records CASCADE`],
    ['is empty', 'DELETE FROM logs; DELETE FROM leases; DELETE FROM checkpoints'],
    ['is gone', `DROP SCHEMA "SCHEMA" CASCADE`],
  ])('refuses a database that %s, and does not begin anew', async (_, sql) => {
    await change(sql.replace('SCHEMA"', `${schema}"`))
    for (let tries = 0; tries < 2; tries++)
      await expect(open().journal.acquire('default', 'h')).rejects.toMatchObject(integrity)
  })

  it('refuses a database that was rolled back behind the checkpoint that is kept beside it', async () => {
    const { journal } = open()
    const log = await openLog(journal)
    await change('CREATE TABLE before AS TABLE records')
    await log.append(5)
    await journal.commitCheckpoint(log.lease, log.checkpoint())
    await journal.close()
    await change(`DELETE FROM records WHERE seq >= 50; DELETE FROM checkpoints; UPDATE logs SET size = 50`)
    await expect(open().journal.acquire('default', 'h')).rejects.toMatchObject(integrity)
    // Without the file only anchors and witnesses know.
    await server.open({ schema }).journal.acquire('default', 'h')
  })

  it('keeps the checkpoint file, mode 0600, and writes it again where it is lost or older', async () => {
    const kept = readFileSync(file(), 'utf8')
    expect((statSync(file()).mode & 0o777).toString(8)).toBe('600')
    rmSync(file())
    await open().journal.acquire('default', 'h')
    expect(readFileSync(file(), 'utf8')).toBe(kept)
  })

  it('refuses a checkpoint file that is damaged', async () => {
    writeFileSync(file(), 'x', { flag: 'a' })
    await expect(open().journal.acquire('default', 'h')).rejects.toMatchObject(integrity)
  })

  it('that was refused leaves the lease free', async () => {
    await change('UPDATE logs SET size = 51')
    await expect(open().journal.acquire('default', 'h')).rejects.toMatchObject(integrity)
    await change('UPDATE logs SET size = 50')
    await open().journal.acquire('default', 'h')
  })

  it('ends a read at a record that was changed, naming it, and a scrub finds what no start looks at', async () => {
    const store = open()
    const log = await openLog(store.journal)
    await log.append(1_000)
    for (const [table, sql, at] of [
      ['records', `UPDATE records SET header = 'x' WHERE seq = 123`, '/records/123'],
      ['payloads', `UPDATE payloads SET bytes = 'x' WHERE seq = 77`, '/records/77'],
      ['records', `DELETE FROM records WHERE seq = 500`, '/records/500'],
      ['nodes', `UPDATE nodes SET hash = sha256('x') WHERE level = 8 AND at = 1`, '/records/256'],
    ] as const) {
      await change(`CREATE TABLE kept AS TABLE ${table}; ${sql}`)
      let told = 0
      const report = await store.journal.scrub('default', { bytesPerSecond: 1e10, onDamage: () => told++ })
      expect([report.damage?.code, report.damage?.problems[0]?.place?.pointer, told]).toEqual(['INTEGRITY', at, 1])
      if (at === '/records/123' || at === '/records/500') {
        const seen: number[] = []
        const reading = (async () => {
          for await (const { seq } of store.journal.read('default', 0)) seen.push(seq)
        })()
        await expect(reading).rejects.toMatchObject({ ...integrity, problems: [{ place: { pointer: at } }] })
        expect(seen).toHaveLength(Number(at.split('/')[2]))
      }
      await change(`DELETE FROM ${table}; INSERT INTO ${table} TABLE kept; DROP TABLE kept`)
    }
    await change(`UPDATE runs SET body = replace(body, '1050', '1051')`)
    await expect(store.projections.query('default', 'runs', {})).rejects.toMatchObject(integrity)
  })
})

it('purged payloads are gone from the table, and the rest of a page is left', async () => {
  const { journal } = open()
  const { lease } = await openLog(journal)
  await journal.purge(lease, [3, 4])
  const rows = await server.sql<{ seq: string }>(`SELECT seq FROM "${schema}".payloads WHERE seq < 6 ORDER BY seq`)
  expect(rows.map(({ seq }) => Number(seq))).toEqual([0, 1, 2, 5])
  const [dead] = await server.sql<{ n: string }>(
    `SELECT n_dead_tup AS n FROM pg_stat_user_tables WHERE schemaname = '${schema}' AND relname = 'payloads'`,
  )
  expect(Number(dead?.n)).toBe(0)
})
