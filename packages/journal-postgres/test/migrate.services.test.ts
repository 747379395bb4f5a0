import { afterEach, describe, expect, it } from 'vitest'
import { hasCode } from '@seamark/kit'
import { openLog, requireWhole } from '@seamark/testing'
import { postgresStore } from '../src/journal.ts'
import type { PostgresStore } from '../src/index.ts'
import { MIGRATIONS } from '../src/schema.ts'
import type { Migration } from '../src/schema.ts'
import { cluster } from './cluster.ts'

const server = cluster()
const latest = MIGRATIONS.at(-1)?.to ?? 0
const next: readonly Migration[] = [
  ...MIGRATIONS,
  {
    to: latest + 1,
    sql: (t) => `ALTER TABLE ${t.records} ADD COLUMN extra text; UPDATE ${t.records} SET extra = 'e' || seq`,
  },
  { to: latest + 2, sql: (t) => `CREATE TABLE ${t.meta.replace('meta', 'added')} (id integer)` },
]

const stores: PostgresStore[] = []
afterEach(async () => {
  for (const { journal } of stores.splice(0)) await journal.close()
})
const open = (schema: string, migrations: readonly Migration[], standby = false): PostgresStore => {
  const store = postgresStore({ url: server.server.url, schema, deployment: 'tests', standby }, migrations)
  stores.push(store)
  return store
}
/** A schema of this release with 50 records, that nobody holds. */
async function written(): Promise<string> {
  const schema = server.freshSchema()
  const { journal } = open(schema, MIGRATIONS)
  const log = await openLog(journal)
  await log.append(50)
  await journal.commitCheckpoint(log.lease, log.checkpoint())
  await log.lease.release()
  return schema
}
const version = async (schema: string): Promise<unknown> =>
  (await server.sql(`SELECT version FROM "${schema}".meta`))[0]?.['version']

/** What each step added: without it a schema is as the release before left it. */
const undo: Readonly<Record<number, readonly string[]>> = { 2: ['DROP TABLE usage'] }

describe('a migration', () => {
  it.each(MIGRATIONS.map(({ to }) => to))('from version %i keeps everything', async (from) => {
    const schema = await written()
    for (let to = latest; to > from; to--)
      for (const step of undo[to] ?? []) await server.sql(step.replace('TABLE ', `TABLE "${schema}".`))
    await server.sql(`UPDATE "${schema}".meta SET version = ${from}`)
    // Readers do with the first version, also where nobody ever takes the lease.
    const readOnly = open(schema, MIGRATIONS)
    expect((await requireWhole(readOnly)).size).toBe(50)
    expect(await readOnly.projections.query('default', 'usage', { by: 'run' })).toEqual({ rows: [] })
    const report = await readOnly.journal.scrub('default', { bytesPerSecond: 1e9 })
    expect([report.records, report.damage]).toEqual([50, undefined])
    expect(await version(schema)).toBe(from)
    const store = open(schema, next)
    const after = await openLog(store.journal)
    await after.append(20)
    expect((await requireWhole(store)).size).toBe(70)
    expect(await version(schema)).toBe(latest + 2)
    expect((await server.sql(`SELECT extra FROM "${schema}".records WHERE seq = 7`))[0]).toEqual({ extra: 'e7' })
  })

  it('is made once by several that start together', async () => {
    const schema = server.freshSchema()
    const taken = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => open(schema, next).journal.acquire(`ns-${i % 3}`, 'h')),
    )
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    for (const one of taken) if (one.status === 'rejected') expect(hasCode(one.reason, 'CONFLICT')).toBe(true)
    expect(await version(schema)).toBe(latest + 2)
  })

  it('that fails half way leaves the step before it', async () => {
    const schema = await written()
    const failing: readonly Migration[] = [
      ...next.slice(0, -1),
      { to: latest + 2, sql: (t) => `CREATE TABLE ${t.meta.replace('meta', 'half')} (id integer); SELECT nonsense()` },
    ]
    await expect(open(schema, failing).journal.acquire('default', 'h')).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await version(schema)).toBe(latest + 1)
    expect(await server.sql(`SELECT to_regclass('"${schema}".half') AS half`)).toEqual([{ half: null }])
    const store = open(schema, next)
    await store.journal.acquire('default', 'h')
    expect((await requireWhole(store)).size).toBe(50)
  })

  it('waits until no older release works, and keeps it out from then on', async () => {
    const schema = await written()
    const old = open(schema, MIGRATIONS)
    const log = await openLog(old.journal)
    await expect(open(schema, next).journal.acquire('default', 'new')).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await version(schema)).toBe(latest)
    const waiting = open(schema, next, true).journal.acquire('default', 'new')
    await log.append(1)
    // It goes on believing in its lease, as one that was frozen.
    await server.sql(`UPDATE "${schema}".leases SET holder = NULL`)
    await waiting
    await expect(log.append(1)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await version(schema)).toBe(latest + 2)
  })

  it('is never made by a reader, which says so', async () => {
    const schema = await written()
    await expect(open(schema, next).journal.head('default')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(await version(schema)).toBe(latest)
  })
})
