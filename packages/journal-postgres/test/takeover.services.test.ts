import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { hasCode } from '@seamark/kit'
import { openLog, requireWhole, startChild } from '@seamark/testing'
import type { Child } from '@seamark/testing'
import { cluster } from './cluster.ts'

const server = cluster()
const children: Child[] = []
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill()
})

/** A leader in a process of its own that appends without end. */
async function leader(schema: string, leaseMs = 3_000, largest = 40): Promise<Child> {
  const child = startChild(
    '--conditions=source',
    join(import.meta.dirname, 'appender.child.ts'),
    server.server.url,
    schema,
    String(leaseMs),
    String(largest),
  )
  children.push(child)
  await child.line('ready')
  child.send('go')
  await child.line('acknowledged')
  return child
}

const newest = (child: Child, word: string): number =>
  Number(child.lines.findLast((line) => line.startsWith(word))?.split(' ')[1] ?? 0)

describe('a standby', () => {
  it.each([
    ['is killed', 'SIGKILL'],
    ['is frozen', 'SIGSTOP'],
  ] as const)('takes over within 5 s when the leader %s, and nothing is lost', async (_, signal) => {
    const schema = server.freshSchema()
    const child = await leader(schema)
    const store = server.open({ schema, standby: true })
    const waiting = store.journal.acquire('default', 'standby')
    await setTimeout(500)
    const began = performance.now()
    child.process.kill(signal)
    const lease = await waiting
    expect(performance.now() - began).toBeLessThan(5_000)
    const { size, checkpoint } = await requireWhole(store)
    expect(size).toBeGreaterThanOrEqual(newest(child, 'acknowledged'))
    expect(checkpoint?.size ?? 0).toBeGreaterThanOrEqual(newest(child, 'checkpoint'))

    // The one before is refused by the database, whatever its clock says, and notices.
    child.process.kill('SIGCONT')
    if (signal === 'SIGSTOP') {
      await child.line('refused CONFLICT')
      await child.line('lost CONFLICT')
    }
    expect(newest(child, 'acknowledged')).toBeLessThanOrEqual(size)
    expect((await requireWhole(store)).size).toBe(size)
    await lease.release()
    const log = await openLog(store.journal)
    await log.append(3)
    expect((await requireWhole(store)).size).toBe(size + 3)
    await log.lease.release()
  })

  it(
    'takes over from leaders that are frozen at any moment, also in the middle of a large transaction',
    { timeout: 120_000 },
    async () => {
      const schema = server.freshSchema()
      const store = server.open({ schema, standby: true, leaseMs: 1_000 })
      let size = 0
      for (let round = 0; round < 8; round++) {
        const child = await leader(schema, 1_000, round % 2 === 0 ? 40 : 12_000)
        await setTimeout(Math.random() * 200)
        child.process.kill('SIGSTOP')
        const lease = await store.journal.acquire('default', 'standby')
        const found = await requireWhole(store)
        expect(found.size).toBeGreaterThanOrEqual(Math.max(size, newest(child, 'acknowledged')))
        size = found.size
        child.process.kill('SIGCONT')
        await child.line('refused CONFLICT')
        expect((await requireWhole(store)).size).toBe(size)
        await lease.release()
      }
    },
  )

  it('takes over at once when the leader releases its lease', async () => {
    const schema = server.freshSchema()
    const first = await openLog(server.open({ schema }).journal)
    await first.append(3)
    const waiting = server.open({ schema, standby: true }).journal.acquire('default', 'standby')
    await setTimeout(400)
    const began = performance.now()
    await first.lease.release()
    await waiting
    expect(performance.now() - began).toBeLessThan(300)
  })

  it('does not take over what was moved away while it waited', async () => {
    const schema = server.freshSchema()
    const { journal } = server.open({ schema })
    const lease = await journal.acquire('default', 'mover')
    const waiting = server.open({ schema, standby: true }).journal.acquire('default', 'standby')
    const refused = expect(waiting).rejects.toMatchObject({ code: 'CONFLICT' })
    await setTimeout(400)
    await journal.retire(lease)
    await lease.release()
    await refused
    await expect(journal.acquire('default', 'another')).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('stops waiting when it is told to', async () => {
    const schema = server.freshSchema()
    await server.open({ schema }).journal.acquire('default', 'leader')
    const stop = new AbortController()
    const waiting = server
      .open({ schema, standby: true })
      .journal.acquire('default', 'standby', { signal: stop.signal })
    await setTimeout(100)
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('stops waiting when its journal is closed', async () => {
    const schema = server.freshSchema()
    await server.open({ schema }).journal.acquire('default', 'leader')
    const { journal } = server.open({ schema, standby: true })
    const waiting = journal.acquire('default', 'standby')
    await setTimeout(100)
    await Promise.all([journal.close(), expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' })])
  })

  it('does not take the lease of a leader that only loses its connections', async () => {
    const schema = server.freshSchema()
    const leading = server.open({ schema })
    const log = await openLog(leading.journal)
    const stop = new AbortController()
    const waiting = server
      .open({ schema, standby: true })
      .journal.acquire('default', 'standby', { signal: stop.signal })
    for (let i = 0; i < 5; i++) {
      await setTimeout(700)
      await server.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'seamark journal'`,
      )
    }
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
    expect(log.lease.lost.aborted).toBe(false)
    expect((await leading.journal.head('default')).size).toBe(0)
    await log.append(3)
  })
})

describe('the lease', () => {
  it('is exclusive between processes, and names its holder', async () => {
    const schema = server.freshSchema()
    const child = await leader(schema)
    const { journal } = server.open({ schema })
    const error = await journal.acquire('default', 'second').catch((thrown: unknown) => thrown)
    expect(hasCode(error, 'CONFLICT') && error.message).toContain(`appender (process ${child.process.pid} on `)
    // Readers need no lease.
    expect((await journal.head('default')).size).toBeGreaterThan(0)
  })

  it('is refused by the database itself once another epoch is there, and says that it is lost', async () => {
    const schema = server.freshSchema()
    const { journal } = server.open({ schema })
    const log = await openLog(journal)
    await log.append(3)
    await server.sql(`UPDATE "${schema}".logs SET epoch = epoch + 1`)
    await expect(log.append(1)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(hasCode(log.lease.lost.reason, 'CONFLICT')).toBe(true)
    expect((await journal.head('default')).size).toBe(3)
  })

  it('is known to be lost without an append', async () => {
    const schema = server.freshSchema()
    const { lease } = await openLog(server.open({ schema }).journal)
    await server.sql(`UPDATE "${schema}".leases SET epoch = epoch + 1`)
    await expect.poll(() => lease.lost.aborted, { timeout: 3_000 }).toBe(true)
  })

  it('is not given to a store that only reads', async () => {
    const reader = server.open({ readOnly: true })
    await expect(reader.journal.acquire('default', 'h')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await reader.journal.head('default')).toEqual({ size: 0 })
  })
})
