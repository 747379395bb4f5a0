import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_USD, nanoUsdOf, parsePlan, ROUTES, spendLimits } from '../src/index.ts'
import type { PlanDeployment } from '../src/index.ts'

test('money of up to nine digits after the point is counted without loss', () => {
  // Up to a million dollars every such amount is a number of its own.
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 15n), (nano) => {
      const text = `${nano / 10n ** 9n}.${String(nano % 10n ** 9n).padStart(9, '0')}`
      expect(nanoUsdOf(Number(text))).toBe(Number(nano))
    }),
  )
})

test.each([-1, -0.1, 1e-10, 0.1234567891, MAX_USD + 1, Infinity, Number.NaN])('%d dollars are no amount', (usd) => {
  expect(nanoUsdOf(usd)).toBeUndefined()
  expect(spendLimits({ usd })).toBeUndefined()
})

test('what is absent has no limit', () => {
  expect(spendLimits({})).toEqual({})
  expect(spendLimits({ usd: 0, tokens: 7 })).toEqual({ nanoUsd: 0, tokens: 7 })
  expect(spendLimits({ usd: MAX_USD })).toEqual({ nanoUsd: 9_000_000_000_000_000 })
})

test('usage is asked for by run where nothing is said, from a day that is written as one', () => {
  expect(ROUTES.usage.query.parse({})).toEqual({ by: 'run', limit: 100 })
  for (const bad of [{ by: 'queue' }, { since: 'yesterday' }, { run: 'A/B' }, { odd: '1' }])
    expect(ROUTES.usage.query.safeParse(bad).success).toBe(false)
})

const limits = { cpu: 'enforced', memory: 'enforced', pids: 'enforced', disk: 'watched', idle: 'enforced' } as const
const deployment: PlanDeployment = {
  queues: ['default'],
  executors: [{ name: 'sandbox', holds: { filesystem: 'private', network: 'gateway', limits } }],
  egress: { inject: [], meters: { model: ['api.example'] } },
  runtimes: ['command'],
}
const rule = '{ host: api.example, mode: endpoint, methods: [POST], paths: ["/v1/*"], meter: model }'
const metered = `network: { allow: [${rule}] }`
const parse = (text: string) => parsePlan(`version: 1\n${text}`, { deployment })

test('a budget of a run and of an item is kept in the terms of the engine', () => {
  const result = parse(
    `budget: { usd: 5, tokens: 7, wallClock: 1h }\nitems: [{ id: a, run: x, budget: { usd: 0.25 }, ${metered} }, { id: b, run: x }]`,
  )
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  expect(result.plan).toMatchObject({ budget: { nanoUsd: 5_000_000_000, tokens: 7 }, timeoutMs: 3_600_000 })
  expect(result.plan.items.map(({ budget }) => budget)).toEqual([{ nanoUsd: 250_000_000 }, undefined])
})

test('a budget that nothing would be counted against is refused, also beside an item that is metered', () => {
  const result = parse(`items: [{ id: a, run: x, ${metered} }, { id: b, run: x, budget: { tokens: 5 } }]`)
  expect(result).toMatchObject({ problems: [{ code: 'INVALID_INPUT', place: { pointer: '/items/1/budget' } }] })
})

test('of a plan with other mistakes nothing is said of what is counted', () => {
  const result = parse(`budget: { usd: 1 }\nitems: [{ id: a, run: x, executor: none, ${metered}, budget: { usd: 1 } }]`)
  expect(result).toMatchObject({ problems: [{ place: { pointer: '/items/0/executor' } }] })
})
