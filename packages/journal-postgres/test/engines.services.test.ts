import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AnyRecord, Executor, Journal, Projections, Worker } from '@seamark/core'
import { memorySigner } from '@seamark/testing'
import { afterEach, expect, it } from 'vitest'
import { cluster } from './cluster.ts'
import { proxyTo } from './proxy.ts'
import type { Proxy } from './proxy.ts'

/** Two engines, one database, and an executor that outlives both. */

interface Hands {
  readonly executor: Executor
  readonly worker: Worker
  readonly launched: readonly string[]
  exit(launchId: string): void
  running(): readonly string[]
}
interface Engine {
  submit(principal: { id: string }, submission: unknown): Promise<unknown>
  sealed(run: string): Promise<string>
  stats(): { readonly running: number }
  stop(): Promise<void>
  readonly failed: Promise<unknown>
}
interface Harness {
  readonly fakeHands: (script: () => 'hold') => Hands
  readonly engineWith: (
    hands: Hands,
    more: { journal: Journal; projections: Projections; signer: unknown },
  ) => Promise<{ engine: Engine }>
  readonly item: (id: string) => unknown
  readonly submission: (run: string, items: readonly unknown[]) => unknown
}

const server = cluster()
const harness: Harness = await import(
  pathToFileURL(join(import.meta.dirname, '../../orchestrator/test/harness.ts')).href
)
let proxy: Proxy | undefined
afterEach(() => proxy?.close())

it('a standby engine takes up what runs when the leader is cut off, and nothing is settled or launched twice', async () => {
  const { fakeHands, engineWith, item, submission } = harness
  proxy = await proxyTo(server.server.port)
  const url = new URL(server.server.url)
  url.port = String(proxy.port)
  const schema = server.freshSchema()
  const hands = fakeHands(() => 'hold')
  const signer = memorySigner()
  const items = ['a', 'b', 'c', 'd', 'e', 'f'].map(item)
  const { engine: first } = await engineWith(hands, { ...server.open({ url: url.href, schema }), signer })
  await first.submit({ id: 'local:0' }, submission('r1', items))
  await expect.poll(() => hands.running().length).toBe(4)

  const store = server.open({ schema, standby: true })
  const standby = engineWith(hands, { ...store, signer })
  proxy.silent = true
  const began = performance.now()
  const { engine: second } = await standby
  expect(performance.now() - began).toBeLessThan(5_000)
  expect(second.stats().running).toBe(4)
  // Both hear of the ends; only one can record them.
  for (const id of hands.running()) hands.exit(id)
  await expect.poll(() => hands.running().length).toBe(2)
  proxy.silent = false
  for (const id of hands.running()) hands.exit(id)
  await expect(second.sealed('r1')).resolves.toBe('succeeded')
  await first.failed

  const log: AnyRecord[] = []
  for await (const { header } of store.journal.read('default', 0)) log.push(JSON.parse(Buffer.from(header).toString()))
  const ended = log.filter(({ kind }) => kind === 'attempt.ended')
  const told = log.filter(({ kind }) => kind === 'run.sealed')
  expect([new Set(hands.launched).size, hands.launched.length, ended.length, told.length]).toEqual([6, 6, 6, 1])
  const { rows } = await store.projections.query('default', 'items', { run: 'r1' })
  expect(rows.map(({ status, attempt }) => [status, attempt])).toEqual(items.map(() => ['succeeded', 1]))
  expect((await store.journal.scrub('default', { bytesPerSecond: 1e10 })).damage).toBeUndefined()
  await second.stop()
})
