import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import type { EgressDecision } from '@seamark/gateway'
import { SeamError } from '@seamark/kit'
import { decisionLog } from '../src/decisions.ts'
import { call } from './support/client.ts'
import { setting, type Setting } from './support/setting.ts'

const made: Setting[] = []
afterEach(() => Promise.all(made.splice(0).map((each) => each.close())))

const BOUNDS = { max: 10_000, maxEqual: 100, maxAhead: 10_000 }
const ALLOWED = {
  launchId: 'sm1',
  at: 1,
  outcome: 'allowed',
  reason: 'listed',
  host: 'a.example',
  method: 'GET',
} as const
const REFUSED = { launchId: 'sm1', at: 1, outcome: 'refused', reason: 'path', code: 'FORBIDDEN' } as const
const sumOf = (decisions: readonly EgressDecision[]) => decisions.reduce((sum, { count }) => sum + count, 0)

it('records so many decisions of an attempt singly, then counts refusals by their reason and what is allowed without its path', async () => {
  const here = await setting(undefined, { limits: { maxDecisions: 5 } })
  made.push(here)
  const way = await here.open([{ host: 'api.example', mode: 'endpoint' }])
  const at = `/to/api.example:${here.port}`
  expect(await call(way.socketPath, `${at}/first`)).toMatchObject({ status: 200 })
  for (let turn = 0; turn < 20; turn++) {
    const got = await call(way.socketPath, `/to/h${turn}.example/${turn}`, { method: 'PUT' })
    expect(got.status).toBe(403)
  }
  for (let turn = 0; turn < 3; turn++)
    expect(await call(way.socketPath, `${at}/second/${turn}`)).toMatchObject({ status: 200 })
  expect(here.requests.map(({ url }) => url)).toEqual(['/first', '/second/0', '/second/1', '/second/2'])
  // Before the first of them went out.
  const opened = here.decisions.filter(({ ahead }) => ahead !== undefined)
  expect(opened).toMatchObject([{ outcome: 'allowed', host: 'api.example', method: 'GET', count: 1, ahead: 100 }])
  await way.close()
  expect(here.decisions[4]).toMatchObject({ method: 'PUT', host: 'h3.example', count: 1 })
  const counted = here.decisions.slice(5)
  expect(counted.every((each) => !('path' in each))).toBe(true)
  const sum = (reason: string): number => sumOf(counted.filter((each) => each.reason === reason))
  expect([sum('not-listed'), sum('too-many-decisions'), sum('listed')]).toEqual([16, 0, 3])
  expect(counted.length).toBeLessThan(7)
  expect(counted.at(-1)?.ahead).toBeUndefined()
})

it('writes few records of a program that makes thousands of equal calls, each of which a record had allowed', async () => {
  const here = await setting(undefined, { limits: { maxEqualDecisions: 3, maxAheadDecisions: 7 } })
  made.push(here)
  const way = await here.open([{ host: 'api.example', mode: 'endpoint' }])
  for (let n = 1; n <= 40; n++) {
    expect(await call(way.socketPath, `/to/api.example:${here.port}/same`)).toMatchObject({ status: 200 })
    const allowed = sumOf(here.decisions) + (here.decisions.at(-1)?.ahead ?? 0)
    expect([here.requests.length, allowed >= n]).toEqual([n, true])
  }
  await way.close()
  expect(sumOf(here.decisions)).toBe(40)
  for (const each of here.decisions) expect(each).toMatchObject({ outcome: 'allowed', path: '/same' })
  expect(here.decisions.length).toBeLessThan(15)
})

it('counts each of 50,000 equal decisions, of both outcomes, in some hundred records', async () => {
  for (const decision of [ALLOWED, REFUSED]) {
    const told: EgressDecision[] = []
    const log = decisionLog(async (group) => void told.push(...group), {
      ...BOUNDS,
      onFailure: () => expect.unreachable(),
    })
    for (let n = 0; n < 50_000; n++) await log.record({ ...decision, at: n })
    await log.flush()
    expect([sumOf(told), told.length < 130]).toEqual([50_000, true])
    expect(told.slice(0, 100).every(({ count, ahead }) => count === 1 && ahead === undefined)).toBe(true)
    for (const [index, { at }] of told.entries()) expect(at).toBe(sumOf(told.slice(0, index)))
  }
})

it('allows nothing that no durable record allowed, whatever is asked at once and however often records fail', async () => {
  const like = ({ host, path }: Pick<EgressDecision, 'host' | 'path'>) => `${host} ${path}`
  const ask = fc.record({ host: fc.constantFrom('a', 'b'), path: fc.constantFrom('/1', '/2'), at: fc.nat(9) })
  const bounds = fc.record({ max: fc.integer({ min: 1, max: 20 }), maxEqual: fc.integer({ min: 1, max: 4 }), maxAhead: fc.integer({ min: 1, max: 9 }) }) // prettier-ignore
  await fc.assert(
    fc.asyncProperty(
      bounds,
      fc.array(fc.tuple(fc.array(ask, { maxLength: 12 }), fc.boolean()), { maxLength: 20 }),
      async (bound, rounds) => {
        const durable = new Map<string, { count: number; ahead: number }>()
        const went = new Map<string, number>()
        let away = false
        const log = decisionLog(
          async (group) => {
            await new Promise((resolve) => setImmediate(resolve))
            if (away) throw new SeamError('UNAVAILABLE', 'away')
            for (const each of group) {
              const { count } = durable.get(like(each)) ?? { count: 0 }
              durable.set(like(each), { count: count + each.count, ahead: each.ahead ?? 0 })
            }
          },
          { ...bound, onFailure: () => undefined, firstCountMs: 1 },
        )
        // What is counted without its path may be any of its host.
        const check = (host: string) => {
          const of = <T>(map: Map<string, T>) =>
            [...map].flatMap(([key, value]) => (key.startsWith(`${host} `) ? [value] : []))
          const allowed = of(durable).reduce((sum, { count, ahead }) => sum + count + ahead, 0)
          expect(of(went).reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(allowed)
        }
        const asked = async (one: { host: string; path: string; at: number }) => {
          try {
            await log.record({ ...ALLOWED, ...one })
          } catch {
            return
          }
          went.set(like(one), (went.get(like(one)) ?? 0) + 1)
          check(one.host)
        }
        for (const [asks, isAway] of rounds) {
          away = isAway
          await Promise.all(asks.map(asked))
        }
        away = false
        await log.flush()
        for (const { ahead } of durable.values()) expect(ahead).toBe(0)
        const all = [...durable.values()].reduce((sum, { count }) => sum + count, 0)
        expect(all).toBe([...went.values()].reduce((sum, n) => sum + n, 0))
      },
    ),
    { numRuns: 60 },
  )
})

it('lets nothing out that was allowed ahead once a count can not be recorded', async () => {
  let away = false
  const failures: Error[] = []
  const log = decisionLog(() => (away ? Promise.reject(new SeamError('UNAVAILABLE', 'away')) : Promise.resolve()), {
    ...BOUNDS,
    maxEqual: 1,
    firstCountMs: 20,
    onFailure: (error) => failures.push(error),
  })
  for (let n = 0; n < 5; n++) await log.record(ALLOWED)
  away = true
  await log.record(ALLOWED)
  await expect.poll(() => failures.length, { timeout: 30_000 }).toBe(1)
  await expect(log.record(ALLOWED)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  away = false
  await log.record(ALLOWED)
})

it('counts so many kinds, and allows no other', async () => {
  const told: EgressDecision[] = []
  const log = decisionLog(async (group) => void told.push(...group), { ...BOUNDS, max: 1, onFailure: () => expect.unreachable() }) // prettier-ignore
  await log.record(REFUSED)
  for (let n = 0; n < 500; n++) await log.record({ ...ALLOWED, host: `h${n}.example` })
  expect(log.hasRoom()).toBe(false)
  await expect(log.record({ ...ALLOWED, host: 'other.example' })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  await log.record({ ...ALLOWED, host: 'h7.example', path: '/any' })
  await log.record(REFUSED)
  await log.flush()
  const sum = (reason: string): number => sumOf(told.filter((each) => each.reason === reason))
  expect([sum('listed'), sum('too-many-decisions'), sum('path')]).toEqual([501, 1, 2])
})

it('never records more than so many at once, and keeps what could not be told', async () => {
  const told: EgressDecision[] = []
  let away = false
  const failures: Error[] = []
  const log = decisionLog(
    (group) => {
      if (away) return Promise.reject(new Error('away'))
      told.push(...group)
      return Promise.resolve()
    },
    { ...BOUNDS, max: 100, onFailure: (error) => failures.push(error) },
  )
  const refusal = { launchId: 'sm1', at: 1, outcome: 'refused', reason: 'path', code: 'FORBIDDEN' } as const
  const all = Array.from({ length: 3_000 }, (_, turn) => log.record({ ...refusal, path: `/${turn}` }))
  await Promise.all(all)
  // With the first of them comes what was counted by then.
  expect(told.slice(0, 100).every(({ path }) => path !== undefined)).toBe(true)
  expect(told.length).toBeLessThan(103)
  away = true
  await expect(log.flush()).rejects.toThrow()
  away = false
  await Promise.all([log.flush(), log.flush()])
  expect(told.slice(100).every(({ path }) => path === undefined)).toBe(true)
  expect([sumOf(told.slice(100)), told.length < 104]).toEqual([2_900, true])
  expect(failures).toMatchObject([{ code: 'UNAVAILABLE' }])
})

it('tells of a record that can not be had, once for each time that it begins, and nothing of an attempt that is over', async () => {
  const failures: Error[] = []
  let answer: Error | undefined
  const log = decisionLog(() => (answer === undefined ? Promise.resolve() : Promise.reject(answer)), {
    ...BOUNDS,
    onFailure: (error) => failures.push(error),
  })
  const record = () => log.record({ launchId: 'sm1', at: 1, outcome: 'refused', reason: 'path', code: 'FORBIDDEN' })
  for (let turn = 1; turn <= 2; turn++) {
    answer = new SeamError('INTERNAL', 'full')
    for (let n = 0; n < 3; n++) await expect(record()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(failures).toHaveLength(turn)
    answer = undefined
    await record()
  }
  answer = new SeamError('CONFLICT', 'The attempt is over.')
  await expect(record()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(failures).toHaveLength(2)
})

it('tells what is counted more and more seldom', async () => {
  const told: number[] = []
  const log = decisionLog((group) => Promise.resolve(void told.push(...group.map(({ count }) => count))), {
    ...BOUNDS,
    max: 1,
    onFailure: () => expect.unreachable(),
    firstCountMs: 50,
  })
  const record = () => log.record({ launchId: 'sm1', at: 1, outcome: 'refused', reason: 'path', code: 'FORBIDDEN' })
  const until = Date.now() + 1_000
  let asked = 0
  for (; Date.now() < until; asked++) {
    await record()
    await new Promise((done) => setTimeout(done, 5))
  }
  expect(told.length).toBeLessThanOrEqual(6)
  expect(told.length).toBeGreaterThan(2)
  await log.flush()
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(asked)
})
