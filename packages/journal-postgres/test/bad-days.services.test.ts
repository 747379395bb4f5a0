import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { hasCode } from '@seamark/kit'
import { openLog, requireWhole } from '@seamark/testing'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { cluster } from './cluster.ts'
import { appendPatiently } from './patient.ts'
import { proxyTo } from './proxy.ts'
import type { Proxy } from './proxy.ts'

const server = cluster({ settings: { max_connections: 20, superuser_reserved_connections: 0 } })
const proxies: Proxy[] = []
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close()
})

/** A writer whose wire can be cut. */
async function wired(standby = false) {
  const proxy = await proxyTo(server.server.port)
  proxies.push(proxy)
  const url = new URL(server.server.url)
  url.port = String(proxy.port)
  const schema = server.freshSchema()
  const store = server.open({ url: url.href, schema, standby })
  return { proxy, schema, store, log: await openLog(store.journal) }
}

/** Appends for some time while something bad happens; gives the codes that were met. */
async function during(
  { store, log }: Awaited<ReturnType<typeof wired>>,
  ms: number,
  batch: (round: number) => number,
  bad: () => Promise<unknown>,
): Promise<readonly string[]> {
  const said: string[] = []
  let over = false
  const ending = bad().finally(() => (over = true))
  const until = Date.now() + ms
  for (let round = 0; !over || Date.now() < until; round++)
    await appendPatiently(store.journal, log, batch(round), (code) => said.push(code))
  await ending
  expect((await requireWhole(store)).size).toBe(log.frontier.size)
  expect(log.lease.lost.aborted).toBe(false)
  return said
}

const sizes = (round: number): number => (round % 10 === 0 ? 9_000 : 1 + ((round * 7) % 300))

describe('an append comes back by itself, once, after', () => {
  it('its connection is cut, at any moment', async () => {
    const writer = await wired()
    const said = await during(writer, 3_000, sizes, async () => {
      for (let i = 0; i < 25; i++) {
        await setTimeout(20 + Math.random() * 100)
        writer.proxy.cut()
      }
    })
    expect(said).toContain('UNAVAILABLE')
  })

  it('its process of the server is ended, at any moment', async () => {
    const writer = await wired()
    const said = await during(writer, 2_000, sizes, async () => {
      for (let i = 0; i < 20; i++) {
        await setTimeout(20 + Math.random() * 80)
        await server.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'seamark%'`,
        )
      }
    })
    expect(said).toContain('UNAVAILABLE')
  })

  it('the server is restarted in the middle of a commit, as by a crash too', async () => {
    const writer = await wired()
    for (const how of ['immediate', 'fast', 'immediate'] as const) {
      const said = await during(writer, 500, sizes, async () => {
        await setTimeout(Math.random() * 200)
        await server.server.restart(how, () => setTimeout(300))
        await setTimeout(1_000)
      })
      expect(said).toContain('UNAVAILABLE')
    }
  })

  it('all connections of the server are taken', async () => {
    const writer = await wired()
    const others: pg.Client[] = []
    const said = await during(writer, 500, sizes, async () => {
      writer.proxy.cut()
      // Others are quicker than the writer until there is no place left.
      for (;;) {
        const client = new pg.Client({ connectionString: server.server.url })
        client.on('error', () => undefined)
        if (
          await client.connect().then(
            () => false,
            () => true,
          )
        )
          break
        others.push(client)
      }
      writer.proxy.cut()
      const more = new pg.Client({ connectionString: server.server.url })
      if (
        await more.connect().then(
          () => true,
          () => false,
        )
      )
        others.push(more)
      await setTimeout(500)
      for (const client of others) await client.end()
    })
    expect(said).toContain('UNAVAILABLE')
  })

  it('what it needs is locked by somebody else', async () => {
    const writer = await wired()
    await during(writer, 100, sizes, async () => {
      const client = new pg.Client({ connectionString: server.server.url })
      await client.connect()
      await client.query(`BEGIN; LOCK TABLE "${writer.schema}".records`)
      await setTimeout(1_000)
      await client.end()
    })
  })
})

it('an append whose answer is lost is stored once, or never will be', async () => {
  const { proxy, store, log, schema } = await wired()
  await log.append(3)
  const client = new pg.Client({ connectionString: server.server.url })
  await client.connect()
  for (const hold of [true, false]) {
    // It arrives at the server and waits there; then its connection is gone.
    if (hold) await client.query(`BEGIN; LOCK TABLE "${schema}".records`)
    const lost = expect(log.append(2)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await setTimeout(hold ? 100 : 0)
    proxy.cut()
    await lost
    const asked = store.journal.head('default')
    if (hold) await setTimeout(200)
    await client.query('COMMIT')
    const { size } = await asked
    expect([3, 5, 7]).toContain(size)
    await setTimeout(200)
    // Whatever it said stays so.
    expect((await store.journal.head('default')).size).toBe(size)
    if (size !== log.frontier.size) log.took(2)
  }
  await client.end()
  await log.append(1)
  await requireWhole(store)
})

it('a leader that is cut off from the database is fenced, without a look at its own clock', async () => {
  const { proxy, store, log, schema } = await wired()
  await log.append(3)
  proxy.silent = true
  const late = log.append(2)
  late.catch(() => undefined)
  const standby = server.open({ schema, standby: true })
  const began = performance.now()
  const lease = await standby.journal.acquire('default', 'standby')
  expect(performance.now() - began).toBeLessThan(5_000)
  expect((await standby.journal.head('default')).size).toBe(3)
  // What was on its way arrives now.
  proxy.silent = false
  const error = await late.catch((thrown: unknown) => thrown)
  // Its connection was ended by the new leader, so it asks again and is told.
  if (hasCode(error, 'UNAVAILABLE')) await expect(log.append(2)).rejects.toMatchObject({ code: 'CONFLICT' })
  else expect(error).toMatchObject({ code: 'CONFLICT' })
  expect(log.lease.lost.aborted).toBe(true)
  expect((await requireWhole(standby)).size).toBe(3)
  await expect(
    store.journal.append(log.lease, 3, { records: [], payloads: [], nodes: [], changes: [] }),
  ).rejects.toMatchObject({ code: 'CONFLICT' })
  await lease.release()
})

it('an append that is in another transaction’s way gives way, and is made again by itself', async () => {
  const { log, schema, store } = await wired()
  await log.append(3)
  const other = new pg.Client({ connectionString: server.server.url })
  await other.connect()
  // Each waits for what the other holds. The server looks for that on behalf of the append, and so refuses it.
  await other.query(`SET deadlock_timeout TO '20s'; BEGIN;
    INSERT INTO "${schema}".records SELECT log, 3, run, leaf, header FROM "${schema}".records WHERE seq = 2`)
  const appended = log.append(2)
  const waiting = `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`
  await expect.poll(() => server.sql(waiting)).toHaveLength(1)
  await other.query(`UPDATE "${schema}".logs SET runs = runs; ROLLBACK`)
  await appended
  expect((await requireWhole(store)).size).toBe(5)
  await other.end()
})

it('an append that can not be serialized is made again by itself, and is UNAVAILABLE only where that does not end', async () => {
  const { log, schema, store } = await wired()
  await log.append(3)
  // Of all that come, the server refuses as many as this sequence has left, whatever becomes of their transactions.
  await server.sql(`CREATE SEQUENCE "${schema}".refusals INCREMENT -1 MINVALUE -100 MAXVALUE 1000 START 3;
    CREATE FUNCTION "${schema}".refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN
        IF nextval('"${schema}".refusals') > 0 THEN RAISE SQLSTATE '40001'; END IF;
        RETURN NULL;
      END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON "${schema}".records EXECUTE FUNCTION "${schema}".refuse()`)
  const left = async (): Promise<number> =>
    Number((await server.sql<{ last_value: string }>(`SELECT last_value FROM "${schema}".refusals`))[0]?.last_value)
  await log.append(2)
  expect(await left()).toBe(0)

  await server.sql(`ALTER SEQUENCE "${schema}".refusals RESTART WITH 900`)
  await expect(log.append(2)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await left()).toBeGreaterThan(800)
  expect((await store.journal.head('default')).size).toBe(5)
  expect(log.lease.lost.aborted).toBe(false)
  await server.sql(`DROP TRIGGER refuse ON "${schema}".records`)
  await log.append(2)
  expect((await requireWhole(store)).size).toBe(7)
})

describe.runIf(process.getuid?.() === 0)('a full disk of the server (as root)', () => {
  it('is LIMIT_EXCEEDED with nothing stored, and the journal goes on once there is space', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'seamark-tablespace-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0755', 'tmpfs', dir])
    const space = join(dir, 'space')
    try {
      mkdirSync(space)
      execFileSync('chown', ['nobody', space])
      await server.sql(`CREATE TABLESPACE small LOCATION '${space}'`)
      await server.sql(`CREATE DATABASE small TABLESPACE small`)
      const url = new URL(server.server.url)
      url.pathname = '/small'
      const store = server.open({ url: url.href })
      const log = await openLog(store.journal)
      await log.append(10)
      const ballast = join(dir, 'ballast')
      writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024, 1))
      const fill = async (): Promise<unknown> => {
        for (;;) {
          const error = await log.append(500).then(
            () => undefined,
            (thrown: unknown) => thrown,
          )
          if (error !== undefined) return error
        }
      }
      expect(await fill()).toMatchObject({ code: 'LIMIT_EXCEEDED' })
      const full = log.frontier.size
      expect((await store.journal.head('default')).size).toBe(full)
      rmSync(ballast)
      await appendPatiently(store.journal, log, 500)
      expect((await requireWhole(store)).size).toBe(full + 500)
      await store.journal.close()
      await server.sql(`DROP DATABASE small WITH (FORCE)`)
      await server.sql(`CHECKPOINT`)
      await server.sql(`DROP TABLESPACE small`)
    } finally {
      execFileSync('umount', ['-l', dir])
      rmSync(dir, { recursive: true })
    }
  })
})
