import type { UsagePort, UsageReport } from '@seamark/core'
import type { AddressInfo } from 'node:net'
import { createServer, request } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { budgetState, foldBudget, modelMeter, priceTable, publishedPrices, reserve, settle } from '../src/index.ts'
import type { BudgetEvent, BudgetState } from '../src/index.ts'
import { ANTHROPIC, chat, CHAT, converse, CONVERSE, generate, GENERATE, message, requestOf } from './support.ts'

const RUN = 'run:r1'
const STREAM = readFileSync(join(import.meta.dirname, 'vectors/anthropic-stream.body'))
const call = { ...message, stream: true, max_tokens: 200 }
const OPTIONS = { maxOutputTokens: 500, prices: publishedPrices(), now: () => Date.UTC(2026, 10, 22) }

let state: BudgetState
let events: BudgetEvent[]
const fold = (event: BudgetEvent | undefined): void => {
  if (event === undefined) return
  foldBudget(state, event)
  events.push(event)
}

/** A budget of one account, as an engine keeps it: what it says is durable a moment later. */
const usage: UsagePort = {
  async reserve({ id, worst }) {
    const result = reserve(state, { id, accounts: [RUN], worst })
    if (result.ok) fold(result.event)
    await new Promise((resolve) => setImmediate(resolve))
    if (result.ok) return { ok: true }
    const { code, of, room } = result
    return { ok: false, code, account: RUN, of, room }
  },
  async settle(id, report) {
    fold(settle(state, id, report.as === 'used' ? report.amount : 'reserved'))
  },
}

let model: Server
let gateway: Server
/** Bodies that reached the model's API. */
let reached: string[]
/** How the model's API treats the next answer. */
let manner: 'whole' | 'cut' | 'overloaded' | 'away'

/** Answers as the Messages API streams: in small pieces, each a moment after the one before. */
async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  reached.push(await text(req))
  if (manner === 'overloaded') return void res.writeHead(529, { 'content-type': 'application/json' }).end('{}')
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  const end = manner === 'cut' ? STREAM.length / 2 : STREAM.length
  for (let at = 0; at < end; at += 97) {
    res.write(STREAM.subarray(at, Math.min(end, at + 97)))
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (manner === 'cut') res.destroy()
  else res.end()
}

/** As much of a gateway as a meter needs around it. */
async function lead(req: IncomingMessage, res: ServerResponse, newId: () => string): Promise<void> {
  const body = Buffer.from(await text(req))
  const asked = { method: 'POST', host: 'api.anthropic.com', path: req.url ?? '', headers: {}, body }
  const metered = await modelMeter({ ...OPTIONS, newId }).begin(asked, usage)
  if (metered.kind === 'refused')
    return void res.writeHead(metered.answer.status, metered.answer.headers).end(metered.answer.body)
  if (metered.kind === 'free') return void res.end('free')
  const { port } = model.address() as AddressInfo
  const out = request({
    host: '127.0.0.1',
    port: manner === 'away' ? 1 : port,
    path: asked.path,
    method: 'POST',
    headers: metered.headers,
  })
  out.on('error', () => void metered.failed(false).then(() => res.writeHead(502).end()))
  out.on('response', (given) => {
    const { statusCode = 0 } = given
    const contentType = given.headers['content-type']
    const reading = metered.answer({ status: statusCode, ...(contentType !== undefined && { contentType }) })
    res.writeHead(statusCode)
    given.on('data', (piece: Buffer) => (reading.push(piece), res.write(piece)))
    given.on('error', () => undefined)
    given.on('close', () => void reading.end(given.complete).then(() => (given.complete ? res.end() : res.destroy())))
  })
  out.end(metered.body)
}

const listening = (server: Server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
beforeEach(async () => {
  let ids = 0
  ;[state, events, reached, manner] = [budgetState(), [], [], 'whole']
  model = createServer((req, res) => void answer(req, res))
  gateway = createServer((req, res) => void lead(req, res, () => `c${ids++}`))
  await Promise.all([listening(model), listening(gateway)])
})
afterEach(() => {
  for (const server of [model, gateway]) server.close().closeAllConnections()
})

async function ask(body: unknown = call, path = '/v1/messages'): Promise<{ status: number; body: string } | 'cut'> {
  const { port } = gateway.address() as AddressInfo
  try {
    const answered = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: JSON.stringify(body) })
    return { status: answered.status, body: await answered.text() }
  } catch {
    return 'cut'
  }
}

const account = () => state.accounts.get(RUN)
const budget = (limits: { nanoUsd?: number; tokens?: number }) =>
  foldBudget(state, { kind: 'budget.set', account: RUN, limits })

describe('a metered call', () => {
  it('goes out as it was asked, comes back as it was answered, and is settled at what the stream says', async () => {
    budget({ nanoUsd: 100_000_000 })
    expect(await ask()).toEqual({ status: 200, body: STREAM.toString() })
    expect(reached.map((body) => JSON.parse(body))).toEqual([call])
    const { settled, reserved } = account() ?? {}
    expect(reserved).toEqual({ tokens: 0, nanoUsd: 0 })
    // What the recorded stream says was used, at the published price.
    expect(settled?.nanoUsd).toBe(17_100_000)
    expect(events.map(({ kind }) => kind)).toEqual(['budget.reserved', 'budget.settled'])
  })

  it('never overshoots a budget, however many go out at once, and what is refused never goes out', async () => {
    budget({ nanoUsd: 100_000_000 })
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask()))
    const went = answers.filter((given) => given !== 'cut' && given.status === 200).length
    const refused = answers.flatMap((given) =>
      given !== 'cut' && given.status === 402 ? [JSON.parse(given.body)] : [],
    )
    expect(went + refused.length).toBe(40)
    expect(refused.length).toBeGreaterThan(0)
    expect(reached).toHaveLength(went)
    for (const body of refused) expect(body).toMatchObject({ type: 'error', error: { type: 'billing_error' } })
    let most = 0
    const again = budgetState()
    foldBudget(again, { kind: 'budget.set', account: RUN, limits: { nanoUsd: 100_000_000 } })
    for (const event of events) {
      foldBudget(again, event)
      const { settled, reserved } = again.accounts.get(RUN)!
      most = Math.max(most, settled.nanoUsd + reserved.nanoUsd)
    }
    expect(most).toBeLessThanOrEqual(100_000_000)
  })

  it('whose stream is cut is charged what was reserved', async () => {
    budget({ nanoUsd: 100_000_000 })
    manner = 'cut'
    expect(await ask()).toBe('cut')
    const [first] = events
    expect(account()?.settled).toEqual(first?.kind === 'budget.reserved' && first.amount)
  })

  it('is charged what was reserved where the answer says more than the request can have led to', async () => {
    budget({ nanoUsd: 100_000_000 })
    const said = (output: number) => ({ type: 'message', usage: { input_tokens: 10, output_tokens: output } })
    const charged: unknown[] = []
    for (const output of [201, 1_000_000_000]) {
      const open = await modelMeter({ ...OPTIONS, newId: () => `${output}` }).begin(
        requestOf(...ANTHROPIC, { ...call, stream: false }),
        usage,
      )
      if (open.kind !== 'call') throw new Error(open.kind)
      const answered = open.answer({ status: 200, contentType: 'application/json' })
      answered.push(Buffer.from(JSON.stringify(said(output))))
      await answered.end(true)
      charged.push(events.at(-1))
    }
    const [, , reserved] = events
    expect(charged).toMatchObject([
      { charged: { tokens: 211 } },
      { charged: reserved?.kind === 'budget.reserved' && reserved.amount, excess: { tokens: 0, nanoUsd: 0 } },
    ])
  })

  it.each(['overloaded', 'away'] as const)('costs nothing where the API is %s', async (how) => {
    budget({ nanoUsd: 100_000_000 })
    manner = how
    await ask()
    expect(account()).toMatchObject({ settled: { tokens: 0, nanoUsd: 0 }, reserved: { tokens: 0, nanoUsd: 0 } })
  })

  it('without a price is refused under a budget of money, and counted under one of tokens', async () => {
    budget({ nanoUsd: 100_000_000 })
    const unpriced = { ...call, model: 'a-model-of-tomorrow' }
    expect(await ask(unpriced)).toMatchObject({ status: 400 })
    expect(reached).toEqual([])
    budget({ tokens: 1_000_000 })
    expect(await ask(unpriced)).toMatchObject({ status: 200 })
    expect(account()?.settled.tokens).toBeGreaterThan(0)
  })

  it('has the most tokens of its answer lowered', async () => {
    budget({})
    await ask({ ...call, max_tokens: 64_000 })
    expect(reached.map((body) => JSON.parse(body))).toEqual([{ ...call, max_tokens: 500 }])
  })
})

describe('what is no call', () => {
  it('is free, or refused and never sent', async () => {
    budget({})
    expect(await ask({}, '/v1/messages/count_tokens')).toMatchObject({ body: 'free' })
    for (const [body, path] of [
      [{}, '/v1/messages/batches'],
      ['no object', '/v1/messages'],
    ] as const)
      expect(await ask(body, path)).toMatchObject({ status: 400 })
    expect([reached, events]).toEqual([[], []])
  })
})

it.each([
  [...ANTHROPIC, message, 402, { error: { type: 'billing_error' } }],
  [...CHAT, chat, 429, { error: { code: 'insufficient_quota' } }],
  [...CONVERSE, converse, 400, {}],
  [...GENERATE, generate, 403, { error: { status: 'PERMISSION_DENIED' } }],
] as const)('a refusal of %s%s is one that its clients know', async (host, path, body, status, words) => {
  const none: UsagePort = {
    reserve: async () => ({ ok: false, code: 'LIMIT_EXCEEDED', account: RUN, of: 'nanoUsd', room: 0 }),
    settle: () => Promise.reject(new Error('nothing was reserved')),
  }
  const metered = await modelMeter({ ...OPTIONS, newId: () => 'c' }).begin(requestOf(host, path, body), none)
  if (metered.kind !== 'refused') throw new Error(metered.kind)
  expect(metered.answer.status).toBe(status)
  expect(JSON.parse(metered.answer.body)).toMatchObject(words)
  expect(metered.error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
})

describe('amounts that can not be counted exactly', () => {
  const dear = (tokens: number) => ({
    maxOutputTokens: tokens,
    prices: priceTable({
      version: 1,
      models: [
        {
          provider: 'anthropic',
          model: 'dear',
          prices: [
            {
              from: '2026-01-01',
              source: 'https://prices.example/',
              nanoUsdPerToken: { input: 1_000_000_000, output: 1_000_000_000 },
            },
          ],
        },
      ],
    }),
    now: OPTIONS.now,
    newId: () => 'c1',
  })
  const asked = requestOf(...ANTHROPIC, { ...message, model: 'dear', max_tokens: 100_000_000 })

  it('are never reserved', async () => {
    let reserved = 0
    const none: UsagePort = {
      reserve: async () => ((reserved += 1), { ok: true }),
      settle: () => Promise.reject(new Error('nothing was reserved')),
    }
    const metered = await modelMeter(dear(100_000_000)).begin(asked, none)
    expect(metered).toMatchObject({ kind: 'refused', why: 'request', error: { code: 'LIMIT_EXCEEDED' } })
    expect(reserved).toBe(0)
  })

  it('settle at the reservation, where an answer says them', async () => {
    const reports: UsageReport[] = []
    const port: UsagePort = {
      reserve: async () => ({ ok: true }),
      settle: async (_, report) => void reports.push(report),
    }
    const metered = await modelMeter(dear(10)).begin(asked, port)
    if (metered.kind !== 'call') throw new Error(metered.kind)
    const answered = metered.answer({ status: 200, contentType: 'application/json' })
    answered.push(Buffer.from('{"usage":{"input_tokens":100000000,"output_tokens":1}}'))
    await answered.end(true)
    expect(reports).toEqual([{ as: 'reserved' }])
  })
})
