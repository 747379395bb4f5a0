import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { cluster } from './cluster.ts'
import { inDatabase, under } from './engine-journal.ts'

/** Schedules of the engine's simulation, as they are, over this journal in the place of the one in memory. */

const SCHEDULES = 40

const server = cluster()
const place = inDatabase({ url: () => server.server.url, sql: (text) => server.sql(text) })

vi.mock('@seamark/testing', async (original) => ({
  ...(await original<object>()),
  memoryJournal: (...args: Parameters<typeof place.memoryJournal>) => place.memoryJournal(...args),
}))

type Simulate = (seed: number, createEngine: unknown) => Promise<{ readonly violations: readonly string[] }>

// A step of the simulated world is over when an immediate comes round: here, once the database has answered.
const { setImmediate: immediate } = globalThis
beforeAll(() => {
  const answered = (call: () => void): void => {
    immediate(() => {
      if (under.way > 0) setTimeout(() => answered(call), 0)
      else immediate(() => (under.way > 0 ? answered(call) : call()))
    })
  }
  vi.stubGlobal('setImmediate', answered)
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await place.close()
})

const at = (file: string): string => pathToFileURL(join(import.meta.dirname, '../../orchestrator', file)).href

it(`holds every invariant in ${SCHEDULES} schedules`, { timeout: 300_000 }, async () => {
  const { simulate }: { simulate: Simulate } = await import(at('test/simulation/simulate.ts'))
  const { createEngine }: { createEngine: unknown } = await import(at('src/index.ts'))
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const { violations } = await simulate(seed, createEngine)
    await place.close()
    expect({ seed, violations }).toEqual({ seed, violations: [] })
  }
})
