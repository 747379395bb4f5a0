import { afterEach, expect, it } from 'vitest'
import { call } from './support/client.ts'
import { setting, type Answer, type Setting } from './support/setting.ts'
import { PRICED, spending } from './support/spending.ts'

let here: Setting
afterEach(() => here.close())

const limitedFor = (seconds: number, more: Readonly<Record<string, string>> = {}): Answer => {
  const headers = { 'content-type': 'application/json', 'retry-after': String(seconds), ...more }
  return (_, res) => void res.writeHead(429, headers).end('{"type":"error"}')
}

it.each([
  ['that is long over, which its client is not to wait for', 3_600, 'false', undefined],
  ['that is soon over, which its client may wait for', 30, 'true', '30'],
])('a metered call that is refused for a limit says when it is over: one %s', async (_, seconds, again, after) => {
  const budget = spending({ nanoUsd: 100_000_000 })
  here = await setting(limitedFor(seconds, { 'x-should-retry': 'true' }), {
    meters: { m: { maxOutputTokens: 500, hosts: { 'api.example': 'anthropic' }, prices: [PRICED] } },
    usage: budget.usage,
  })
  const { socketPath } = await here.open([
    { host: 'api.example', mode: 'endpoint', methods: ['POST'], paths: ['/v1/*'], meter: 'm' },
  ])
  const from = Date.now()
  const answer = await call(socketPath, `/to/api.example:${here.port}/v1/messages`, {
    method: 'POST',
    body: JSON.stringify({ model: 'priced', max_tokens: 500, messages: [{ role: 'user', content: 'Hi' }] }),
  })
  expect([answer.status, answer.headers['x-should-retry'], answer.headers['retry-after']]).toEqual([429, again, after])
  expect(budget.reports).toMatchObject([{ as: 'used', amount: { tokens: 0, nanoUsd: 0 } }])
  const [report] = budget.reports
  const until = report?.as === 'used' ? (report.limitedUntil ?? 0) : 0
  expect(until).toBeGreaterThanOrEqual(from + seconds * 1_000)
  expect(until).toBeLessThanOrEqual(Date.now() + seconds * 1_000)
})
