import { afterEach, expect, it } from 'vitest'
import type { EgressDecision } from '@seamark/gateway'
import { SeamError } from '@seamark/kit'
import { decisionLog } from '../src/decisions.ts'
import { call } from './support/client.ts'
import { codeOf } from './support/raw.ts'
import { setting, type Setting } from './support/setting.ts'

const made: Setting[] = []
afterEach(() => Promise.all(made.splice(0).map((each) => each.close())))

it('records so many decisions of an attempt, then counts refusals and allows nothing', async () => {
  const here = await setting(undefined, { limits: { maxDecisions: 5 } })
  made.push(here)
  const way = await here.open([{ host: 'api.example', mode: 'endpoint' }])
  const at = `/to/api.example:${here.port}`
  expect(await call(way.socketPath, `${at}/first`)).toMatchObject({ status: 200 })
  for (let turn = 0; turn < 20; turn++) {
    const got = await call(way.socketPath, `/to/h${turn}.example/${turn}`, { method: 'PUT' })
    expect(got.status).toBe(403)
  }
  const { status, body } = await call(way.socketPath, `${at}/second`)
  expect([status, codeOf(body)]).toEqual([429, 'LIMIT_EXCEEDED'])
  expect(here.requests.map(({ url }) => url)).toEqual(['/first'])
  await way.close()
  const counted = here.decisions.slice(5)
  expect(here.decisions[4]).toMatchObject({ method: 'PUT', host: 'h3.example', count: 1 })
  expect(counted.every((each) => !('path' in each || 'method' in each || 'host' in each))).toBe(true)
  const sum = (reason: string): number =>
    counted.filter((each) => each.reason === reason).reduce((all, { count }) => all + count, 0)
  expect([sum('not-listed'), sum('too-many-decisions'), sum('listed')]).toEqual([16, 1, 0])
  expect(counted.length).toBeLessThan(6)
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
    { max: 100, onFailure: (error) => failures.push(error) },
  )
  const refusal = { launchId: 'sm1', at: 1, outcome: 'refused', reason: 'path', code: 'FORBIDDEN' } as const
  const all = Array.from({ length: 3_000 }, (_, turn) => log.record({ ...refusal, path: `/${turn}` }))
  await Promise.all(all)
  expect(told).toHaveLength(100)
  away = true
  await expect(log.flush()).rejects.toThrow()
  away = false
  await Promise.all([log.flush(), log.flush()])
  expect(told.slice(100)).toEqual([{ ...refusal, count: 2_900 }])
  expect(failures).toMatchObject([{ code: 'UNAVAILABLE' }])
})

it('tells of a record that can not be had, once for each time that it begins, and nothing of an attempt that is over', async () => {
  const failures: Error[] = []
  let answer: Error | undefined
  const log = decisionLog(() => (answer === undefined ? Promise.resolve() : Promise.reject(answer)), {
    max: 100,
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
