import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { startPgBouncer } from '@seamark/testing-services'
import { openLog, requireWhole } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { cluster } from './cluster.ts'

const server = cluster()

/** The address with another user, password, host or database. */
function address(change: (url: URL) => void): string {
  const url = new URL(server.server.url)
  change(url)
  return url.href
}

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.fail('it did not fail'),
    (thrown: unknown) => thrown,
  )
}

describe('behind PgBouncer', () => {
  it('it works in session mode, with a standby, followers and a takeover', async () => {
    const bouncer = await startPgBouncer(server.server, { mode: 'session' })
    try {
      const schema = server.freshSchema()
      const store = server.open({ url: bouncer.url, schema })
      const log = await openLog(store.journal)
      await log.append(20)
      const standby = server.open({ url: bouncer.url, schema, standby: true })
      const waiting = standby.journal.acquire('default', 'standby')
      await log.append(20)
      const seen: number[] = []
      for await (const { seq } of standby.journal.read('default', 0, { follow: true })) if (seen.push(seq) === 40) break
      await log.lease.release()
      await waiting
      expect((await requireWhole(standby)).size).toBe(40)
      await standby.journal.close()
      await store.journal.close()
    } finally {
      await bouncer.stop()
    }
  })

  it.each([
    ['transaction', false],
    ['transaction', true],
    ['statement', false],
  ] as const)('%s mode is refused (round robin: %s)', async (mode, roundRobin) => {
    const bouncer = await startPgBouncer(server.server, { mode, roundRobin })
    try {
      const schema = server.freshSchema()
      const { journal } = server.open({ url: bouncer.url, schema })
      await expect(journal.acquire('default', 'h')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
      // The pool has more processes now, and another order of them each time.
      for (let i = 0; i < 4; i++) await expect(journal.head('default')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
      expect(await server.sql(`SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`)).toEqual([])
      await journal.close()
    } finally {
      await bouncer.stop()
    }
  })
})

describe('a server that can keep no promise', () => {
  it('is refused while `synchronous_commit` is off', async () => {
    await server.sql(
      `CREATE ROLE hasty SUPERUSER LOGIN PASSWORD 'hastypassword'; ALTER ROLE hasty SET synchronous_commit TO off`,
    )
    const url = address((to) => Object.assign(to, { username: 'hasty', password: 'hastypassword' }))
    await expect(server.open({ url }).journal.acquire('default', 'h')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('is refused where its database has another encoding', async () => {
    await server.sql(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
    const url = address((to) => (to.pathname = '/latin'))
    await expect(server.open({ url }).journal.acquire('default', 'h')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('says so in its guarantees where it does not wait for its disk', async () => {
    const store = server.open()
    expect(store.journal.guarantees.durable.value).toBe(true)
    await store.journal.acquire('default', 'h')
    expect(store.journal.guarantees.durable).toEqual({ value: true, proof: 'tested' })
    await server.sql(`ALTER SYSTEM SET fsync TO off`)
    await server.sql(`SELECT pg_reload_conf()`)
    await expect.poll(async () => (await server.sql('SHOW fsync'))[0]).toEqual({ fsync: 'off' })
    const other = server.open()
    await other.journal.ready?.()
    await server.sql(`ALTER SYSTEM RESET fsync`)
    await server.sql(`SELECT pg_reload_conf()`)
    expect(other.journal.guarantees.durable).toEqual({ value: false, proof: 'probed' })
  })
})

describe('a database', () => {
  it('of a newer version is UNSUPPORTED, to writers and readers', async () => {
    const schema = server.freshSchema()
    const first = server.open({ schema })
    await first.journal.acquire('default', 'h')
    await first.journal.close()
    await server.sql(`UPDATE "${schema}".meta SET version = 99`)
    const { journal } = server.open({ schema })
    for (const call of [
      () => journal.acquire('default', 'h'),
      () => journal.head('default'),
      () => journal.ready?.(),
    ]) {
      const error = await errorOf(Promise.resolve(call()))
      expect(error).toMatchObject({ code: 'UNSUPPORTED' })
      expect(String(error)).toContain('version 99')
    }
  })

  it.each([
    ['with tables of somebody else', (schema: string) => `CREATE TABLE "${schema}".orders (id int)`],
    ['with a `meta` of somebody else', (schema: string) => `CREATE TABLE "${schema}".meta (key text, value text)`],
    [
      'with a `meta` of another product',
      (schema: string) =>
        `CREATE TABLE "${schema}".meta (product text, version int); INSERT INTO "${schema}".meta VALUES ('other', 1)`,
    ],
  ])('%s is FORBIDDEN, and is left as it was', async (_, sql) => {
    const schema = server.freshSchema()
    await server.sql(`CREATE SCHEMA "${schema}"; ${sql(schema)}`)
    const tables = () =>
      server.sql(`SELECT relname FROM pg_class WHERE relnamespace = '"${schema}"'::regnamespace ORDER BY relname`)
    const before = await tables()
    const { journal } = server.open({ schema })
    await expect(journal.acquire('default', 'h')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(journal.head('default')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await tables()).toEqual(before)
  })

  it('whose namespace is of another deployment is CONFLICT, naming both', async () => {
    const schema = server.freshSchema()
    const first = server.open({ schema, deployment: 'north' })
    const { lease } = await openLog(first.journal)
    await lease.release()
    const second = server.open({ schema, deployment: 'south', standby: true })
    const error = await errorOf(second.journal.acquire('default', 'h'))
    expect(error).toMatchObject({ code: 'CONFLICT' })
    expect(String(error)).toMatch(/north.*south/)
    await second.journal.acquire('other', 'h')
  })

  it('where the role may make nothing is FORBIDDEN', async () => {
    await server.sql(`CREATE ROLE guest LOGIN PASSWORD 'guestpassword'`)
    const url = address((to) => Object.assign(to, { username: 'guest', password: 'guestpassword' }))
    const schema = server.freshSchema()
    await expect(server.open({ url, schema }).journal.acquire('default', 'h')).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    // In a schema that was made for it, it needs nothing more.
    await server.sql(`CREATE SCHEMA "${schema}" AUTHORIZATION guest`)
    const store = server.open({ url, schema })
    await (await openLog(store.journal)).append(20)
    await requireWhole(store)
  })
})

describe('an address', () => {
  it('that is wrong is refused with a code of its own, and no error has the password in it', async () => {
    const password = new URL(server.server.url).password
    const cases: readonly (readonly [string, string])[] = [
      ['UNAUTHENTICATED', address((to) => (to.password = 'wrongpassword'))],
      ['NOT_FOUND', address((to) => (to.pathname = '/nowhere'))],
      ['UNAVAILABLE', address((to) => (to.port = '1'))],
      ['UNAVAILABLE', address((to) => (to.hostname = 'host.invalid'))],
    ]
    for (const [code, url] of cases) {
      const error = await errorOf(server.open({ url }).journal.acquire('default', 'h'))
      expect(error).toMatchObject({ code })
      const shown = inspect(error, { depth: 10, showHidden: true })
      expect(shown).not.toContain(password)
      expect(shown).not.toContain('wrongpassword')
    }
    for (const url of ['', 'nonsense', `mysql://a:${password}@b/c`, `postgres://a:${password}@[/c`]) {
      const error = await errorOf(Promise.resolve().then(() => server.open({ url })))
      expect(error).toMatchObject({ code: 'INVALID_INPUT' })
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(password)
    }
  })

  it('can be in a file, which is read again at each connection', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'seamark-url-'))
    try {
      const urlFile = join(dir, 'url')
      const { url: _, ...rest } = { url: undefined, schema: server.freshSchema(), readConnections: 1 }
      const { postgresJournal } = await import('../src/index.ts')
      const { journal } = postgresJournal({ urlFile, ...rest })
      await expect(journal.head('default')).rejects.toMatchObject({ code: 'NOT_FOUND' })
      writeFileSync(urlFile, 'not an address')
      await expect(journal.head('default')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      writeFileSync(urlFile, `${server.server.url}\n`)
      expect(await journal.head('default')).toEqual({ size: 0 })
      await journal.close()
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('keeps a leader going while its password is rotated', async () => {
    await server.sql(`CREATE ROLE rotated SUPERUSER LOGIN PASSWORD 'firstpassword'`)
    const dir = mkdtempSync(join(tmpdir(), 'seamark-url-'))
    try {
      const urlFile = join(dir, 'url')
      const put = (password: string): void =>
        writeFileSync(
          urlFile,
          address((to) => Object.assign(to, { username: 'rotated', password })),
        )
      put('firstpassword')
      const { postgresJournal } = await import('../src/index.ts')
      const { journal } = postgresJournal({ urlFile, schema: server.freshSchema() })
      const log = await openLog(journal)
      await log.append(1)
      await server.sql(`ALTER ROLE rotated PASSWORD 'secondpassword'`)
      await server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotated'`)
      await expect(log.append(1)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(journal.head('default')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      put('secondpassword')
      expect((await journal.head('default')).size).toBe(1)
      await log.append(1)
      await journal.close()
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})
