import { join } from 'node:path'
import { openLog, startChild } from '@seamark/testing'
import type { Child } from '@seamark/testing'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pg from 'pg'
import { afterEach, expect, it } from 'vitest'
import { cluster } from './cluster.ts'

const server = cluster()
let child: Child | undefined
afterEach(() => child?.kill())

async function follower(): Promise<{ schema: string; log: Awaited<ReturnType<typeof openLog>> }> {
  const schema = server.freshSchema()
  const log = await openLog(server.open({ schema }).journal)
  child = startChild('--conditions=source', join(import.meta.dirname, 'follower.child.ts'), server.server.url, schema)
  await child.line('ready')
  await log.append(1)
  await child.line('seen 0')
  return { schema, log }
}

it('a follower in another process is woken soon after each append', async () => {
  const { log } = await follower()
  const delays: number[] = []
  for (let seq = 1; seq < 20; seq++) {
    // Long enough for the follower to be asleep.
    await setTimeout(60)
    const began = performance.now()
    await log.append(1)
    await child?.line(`seen ${seq}`)
    delays.push(performance.now() - began)
  }
  const median = delays.sort((a, b) => a - b)[Math.floor(delays.length / 2)] ?? Infinity
  // It looks by itself once a second; notifications come much sooner.
  expect(median).toBeLessThan(200)
})

it('many appends are told a few times, and the last of them also where the journal is closed at once', async () => {
  const schema = server.freshSchema()
  const { journal } = server.open({ schema })
  const log = await openLog(journal)
  await log.append(1)
  const client = new pg.Client({ connectionString: server.server.url })
  await client.connect()
  let heard = 0
  client.on('notification', () => heard++)
  await client.query(`LISTEN "seamark ${schema}"`)
  const began = performance.now()
  const appends = 200
  for (let times = 0; times < appends; times++) await log.append(1)
  const took = performance.now() - began
  await setTimeout(100)
  expect(heard).toBeGreaterThan(0)
  expect(heard).toBeLessThan(Math.min(appends, took / 20 + 5))
  const before = heard
  await log.append(1)
  await log.append(1)
  await journal.close()
  // Answered after all that was told before.
  await client.query('SELECT 1')
  await client.end()
  expect(heard).toBe(before + 2)
})

it('nothing is lost when notifications are', async () => {
  const { log } = await follower()
  for (let seq = 1; seq < 8; seq++) {
    // Whoever listens or would tell is cut off at that moment.
    await server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name LIKE 'seamark%' AND (query LIKE '%LISTEN%' OR query LIKE '%pg_notify%' OR query LIKE '%beat%')`)
    await log.append(1)
    await child?.line(`seen ${seq}`)
  }
})

it('reads a long log in constant memory', async () => {
  const { journal } = server.open()
  const log = await openLog(journal)
  const mebibyte = 1024 * 1024
  for (let i = 0; i < 48; i++) await log.append(2, { payloadBytes: mebibyte })
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  let most = 0
  let read = 0
  for await (const { seq, payload } of journal.read('default', 0, { payloads: true })) {
    read += payload?.bytes.length ?? 0
    if (seq % 8 > 0 || typeof collect !== 'function') continue
    // Buffers are given back beside the program: the second collection waits for what the first one freed.
    for (let times = 0; times < 2; times++) Reflect.apply(collect, undefined, [])
    most = Math.max(most, process.memoryUsage().arrayBuffers)
  }
  expect(read).toBe(96 * mebibyte)
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThan(32 * mebibyte)
})
