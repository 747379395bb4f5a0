import { once } from 'node:events'
import { METHODS, request, type IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { EgressGatewayOptions } from '@seamark/gateway'
import { SeamError } from '@seamark/kit'
import { call, callThrough } from './support/client.ts'
import { codeOf } from './support/raw.ts'
import { setting, type Answer, type Setting } from './support/setting.ts'
import { PRICED, recorded, spending, type Spending } from './support/spending.ts'

const STREAM = recorded('anthropic-stream')
// What the recorded stream says was used, at the price of this model.
const SPENT = 5_700_000
const asks = { model: 'priced', max_tokens: 500, stream: true, messages: [{ role: 'user', content: 'Hi' }] }
const rule = { host: 'api.example', mode: 'endpoint', methods: ['POST'], paths: ['/v1/*'], meter: 'm' } as const

const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 })

let here: Setting
let budget: Spending
let socketPath: string
let ca: string

const streamed: Answer = (_, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let at = 0; at < STREAM.length; at += 97) res.write(STREAM.subarray(at, at + 97))
  res.end()
}

async function open(
  answer: Answer = streamed,
  limits = { nanoUsd: 100_000_000 },
  more: EgressGatewayOptions & Pick<Parameters<typeof setting>[1] & object, 'decided'> = {},
  rules: Parameters<Setting['open']>[0] = [rule],
): Promise<void> {
  budget = spending(limits)
  here = await setting(answer, {
    meters: { m: { maxOutputTokens: 500, hosts: { 'api.example': 'anthropic' }, prices: [PRICED] } },
    usage: budget.usage,
    ...more,
  })
  const way = await here.open(rules)
  socketPath = way.socketPath
  ca = way.ca ?? ''
}

afterEach(() => here.close())

const path = (rest = 'messages'): string => `/to/api.example:${here.port}/v1/${rest}`
const post = (body: unknown = asks, headers: Readonly<Record<string, string>> = {}, rest?: string) =>
  call(socketPath, path(rest), {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const last = () => here.decisions.at(-1)

/** Begins a call and gives the answer once it begins. */
async function begun(body: unknown = asks): Promise<IncomingMessage> {
  const sent = request({ socketPath, path: path(), method: 'POST', headers: { host: '127.0.0.1:4800' }, agent: false })
  sent.on('error', () => undefined)
  sent.end(JSON.stringify(body))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.on('error', () => undefined)
  return answer
}

describe('a metered call', () => {
  it('goes out once its worst case is durable, comes back as it was answered, and is settled at what it says', async () => {
    await open()
    let go = (): void => undefined
    let asked = 0
    budget.before.reserve = () => new Promise((done) => ((asked++, (go = done)), undefined))
    const waits = post()
    await eventually(() => asked).toBe(1)
    expect(here.requests).toEqual([])
    go()
    expect(await waits).toMatchObject({ status: 200, body: STREAM.toString('latin1') })
    expect(here.requests.map(({ body }) => JSON.parse(body))).toEqual([asks])
    expect(budget.events.map(({ kind }) => kind)).toEqual(['budget.reserved', 'budget.settled'])
    expect(budget.settled().nanoUsd).toBe(SPENT)
    expect(budget.reserved().nanoUsd).toBe(0)
    expect(here.decisions).toMatchObject([{ outcome: 'allowed', host: 'api.example', path: '/v1/messages', count: 1 }])
  })

  it('is changed where its answer could be longer, and asks for one that can be read', async () => {
    await open()
    await post(
      { ...asks, max_tokens: 64_000 },
      { 'accept-encoding': 'br', range: 'bytes=0-1', digest: 'x', 'x-api-key': 'k' },
    )
    const [sent] = here.requests
    expect(JSON.parse(sent?.body ?? '')).toEqual({ ...asks, max_tokens: 500 })
    const named = (sent?.headers ?? []).filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
    expect(sent?.headers).toEqual(expect.arrayContaining(['accept-encoding', 'identity']))
    for (const name of ['range', 'digest', 'x-api-key', 'transfer-encoding']) expect(named).not.toContain(name)
    expect(named.filter((name) => name === 'accept-encoding' || name === 'content-length')).toHaveLength(2)
  })

  it('streams: its first bytes come before its last are there', async () => {
    let more = (): void => undefined
    await open((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(STREAM.subarray(0, 100))
      more = () => res.end(STREAM.subarray(100))
    })
    const answer = await begun()
    const [first] = (await once(answer, 'data')) as [Buffer]
    expect(first).toEqual(STREAM.subarray(0, 100))
    expect(budget.events).toHaveLength(1)
    more()
    await once(answer, 'end')
    expect(budget.settled().nanoUsd).toBe(SPENT)
  })

  it('ends for the program only once it is settled, so that there is room for the next', async () => {
    const json = recorded('anthropic-json')
    await open((_, res) =>
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': json.length }).end(json),
    )
    let go: (() => void) | undefined
    budget.before.settle = () => new Promise((done) => (go = done))
    const answer = await begun({ ...asks, stream: false })
    let ended = false
    answer.on('data', () => undefined).on('end', () => (ended = true))
    await eventually(() => go).toBeDefined()
    await new Promise((done) => setImmediate(done))
    expect(ended).toBe(false)
    go?.()
    await once(answer, 'end')
    expect(budget.settled().nanoUsd).toBeGreaterThan(0)
  })

  it('never overshoots a budget, however many go out at once; what is refused is told as the API tells it', async () => {
    await open(streamed, { nanoUsd: 40_000_000 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => post()))
    const went = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status === 402)
    expect([went.length > 0, refused.length > 0, went.length + refused.length]).toEqual([true, true, 20])
    expect(here.requests).toHaveLength(went.length)
    for (const { body, headers } of refused) {
      expect(JSON.parse(body)).toMatchObject({ type: 'error', error: { type: 'billing_error' } })
      expect(headers['x-should-retry']).toBe('false')
    }
    expect(budget.most()).toBeLessThanOrEqual(40_000_000)
    expect(budget.settled().nanoUsd).toBe(went.length * SPENT)
    const counted = here.decisions.filter(({ reason }) => reason === 'budget')
    expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(refused.length)
    for (const one of counted) expect(one).toMatchObject({ outcome: 'refused', code: 'LIMIT_EXCEEDED' })
  })

  it('through an intercepted connection is metered too', async () => {
    await open(streamed, { nanoUsd: 1 }, {}, [{ ...rule, mode: 'intercept' }])
    const got = await callThrough(socketPath, `api.example:${here.port}`, '/v1/messages', { ca, method: 'POST' })
    // A body without a model is none that can be metered.
    expect(got.status).toBe(400)
    expect(last()).toMatchObject({ outcome: 'refused', reason: 'malformed', mode: 'intercept' })
    expect(here.requests).toEqual([])
  })

  it('with a secret of the gateway is scrubbed and metered', async () => {
    const secret = 'sk-metered-0123456789abcdef'
    const text = STREAM.toString('latin1').replace('"role"', `"echo":"${secret}","role"`)
    expect(text).toContain(secret)
    await open(
      (_, res) => res.writeHead(200, { 'content-type': 'text/event-stream' }).end(text),
      { nanoUsd: 100_000_000 },
      {
        credentials: { key: { way: 'header', header: 'x-api-key' } },
        resolve: () => Promise.resolve({ value: Buffer.from(secret) }),
      },
      [{ ...rule, inject: 'key' }],
    )
    const { body } = await post()
    expect(body).toContain('[redacted:key]')
    expect(body).not.toContain(secret)
    expect(budget.settled().nanoUsd).toBe(SPENT)
    const { headers = [] } = here.requests[0] ?? {}
    expect(headers.filter((name) => name === 'accept-encoding')).toHaveLength(1)
    expect(headers).toContain(secret)
  })
})

describe('what ends early', () => {
  it('is charged what was reserved, where the host cuts it', async () => {
    await open((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write(STREAM.subarray(0, STREAM.length / 2), () => res.destroy())
    })
    await expect(post()).rejects.toBeDefined()
    const [first] = budget.events
    await eventually(() => budget.settled()).toEqual(first?.kind === 'budget.reserved' && first.amount)
  })

  it('is charged what was reserved, where the program leaves', async () => {
    await open(
      (_, res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(STREAM.subarray(0, 100)),
    )
    const answer = await begun()
    await once(answer, 'data')
    answer.destroy()
    const [first] = budget.events
    await eventually(() => budget.settled()).toEqual(first?.kind === 'budget.reserved' && first.amount)
  })

  it('is charged what was reserved, where the host got it and says nothing', async () => {
    await open((req) => req.socket.destroy())
    expect(codeOf((await post()).body)).toBe('UNAVAILABLE')
    const [first] = budget.events
    await eventually(() => budget.settled()).toEqual(first?.kind === 'budget.reserved' && first.amount)
  })

  it('costs nothing and never goes out, where the program leaves before it is reserved', async () => {
    await open()
    let go: (() => void) | undefined
    budget.before.reserve = () => new Promise((done) => (go = done))
    const leaves = request({ socketPath, path: path(), method: 'POST', headers: { host: '127.0.0.1' }, agent: false })
    const left = new Promise((done) => leaves.once('close', done))
    leaves.on('error', () => undefined)
    leaves.end(JSON.stringify(asks))
    await eventually(() => go).toBeDefined()
    leaves.destroy()
    await left
    // Until the gateway knows: it sees the end of the connection, and only then hears of the reservation.
    await post({}, {}, 'messages/count_tokens')
    go?.()
    await eventually(() => budget.events.map(({ kind }) => kind)).toEqual(['budget.reserved', 'budget.settled'])
    expect([budget.settled().nanoUsd, budget.reserved().nanoUsd]).toEqual([0, 0])
    expect(here.requests.filter(({ url }) => url === '/v1/messages')).toEqual([])
  })

  it('is settled before the attempt is closed', async () => {
    await open(
      (_, res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(STREAM.subarray(0, 100)),
    )
    let settling = 0
    budget.before.settle = async () => {
      settling++
      await new Promise((done) => setTimeout(done, 20))
    }
    const answer = await begun()
    await once(answer, 'data')
    await here.gateway.close()
    expect(settling).toBe(1)
    expect(budget.events.map(({ kind }) => kind)).toEqual(['budget.reserved', 'budget.settled'])
  })

  it.each([
    ['the API is overloaded', 529],
    ['the API refuses it', 400],
  ])('costs nothing where %s', async (_, status) => {
    await open((__, res) => res.writeHead(status, { 'content-type': 'application/json' }).end('{}'))
    expect(await post()).toMatchObject({ status, body: '{}' })
    expect([budget.settled().nanoUsd, budget.reserved().nanoUsd]).toEqual([0, 0])
  })

  it('costs nothing where the host is away, or the decision can not be recorded', async () => {
    await open(streamed, undefined, {}, [{ ...rule, port: 1 }])
    expect(
      codeOf(
        (await call(socketPath, '/to/api.example:1/v1/messages', { method: 'POST', body: JSON.stringify(asks) })).body,
      ),
    ).toBe('UNAVAILABLE')
    await eventually(() => [budget.settled().nanoUsd, budget.reserved().nanoUsd]).toEqual([0, 0])
    expect(budget.events).toHaveLength(2)
    await here.close()
    await open(streamed, undefined, {
      decided: () => Promise.reject(new SeamError('CONFLICT', 'The attempt is over.')),
    })
    expect((await post()).status).toBe(503)
    await expect
      .poll(() => [budget.settled().nanoUsd, budget.reserved().nanoUsd, budget.events.length])
      .toEqual([0, 0, 2])
    expect(here.requests).toEqual([])
  })

  it('goes on where it can not be settled, and stays reserved', async () => {
    await open()
    budget.before.settle = () => Promise.reject(new SeamError('UNAVAILABLE', 'The engine is stopping.'))
    expect(await post()).toMatchObject({ status: 200, body: STREAM.toString('latin1') })
    expect(budget.reserved().nanoUsd).toBeGreaterThan(0)
  })
})

describe('what is refused', () => {
  it.each([
    ['a model without a price', { ...asks, model: 'nobody-knows' }, {}, 'messages', 400, 'unmetered', 'UNSUPPORTED'],
    ['an API that no meter reads', {}, {}, 'messages/batches', 400, 'unmetered', 'UNSUPPORTED'],
    ['a compressed body', asks, { 'content-encoding': 'gzip' }, 'messages', 400, 'unmetered', 'UNSUPPORTED'],
    [
      'a body with a key twice',
      '{"model":"priced","model":"priced"}',
      {},
      'messages',
      400,
      'malformed',
      'INVALID_INPUT',
    ],
    ['no JSON', 'model=priced', {}, 'messages', 400, 'malformed', 'INVALID_INPUT'],
    [
      'a body that is too deep',
      `{"model":"priced","messages":${'['.repeat(2_000)}${']'.repeat(2_000)}}`,
      {},
      'messages',
      400,
      'too-large',
      'LIMIT_EXCEEDED',
    ],
  ] as const)('%s never goes out', async (_, body, headers, rest, status, reason, code) => {
    await open()
    expect((await post(body, headers, rest)).status).toBe(status)
    expect(last()).toMatchObject({ outcome: 'refused', reason, code })
    expect([here.requests, budget.events]).toEqual([[], []])
  })

  it('a body over the limit, whether it says its length or not', async () => {
    await open(streamed, undefined, { limits: { maxMeteredBytes: 1_000 } })
    const long = JSON.stringify({ ...asks, system: 'x'.repeat(2_000) })
    for (const headers of [{ 'content-length': String(long.length) }, { 'transfer-encoding': 'chunked' }]) {
      expect(await post(long, headers)).toMatchObject({ status: 413 })
      expect(last()).toMatchObject({ reason: 'too-large', code: 'LIMIT_EXCEEDED' })
    }
    expect([here.requests, budget.events]).toEqual([[], []])
  })

  it('bodies that are too large together, until there is room again', async () => {
    await open(streamed, undefined, { limits: { maxHeldBytes: 3_000 } })
    const waits = request({ socketPath, path: path(), method: 'POST', headers: { host: '127.0.0.1:4800', 'content-length': 2_500 }, agent: false }) // prettier-ignore
    waits.on('error', () => undefined)
    await new Promise((done) => waits.write('x'.repeat(2_000), done))
    const long = { ...asks, system: 'x'.repeat(1_500) }
    await eventually(async () => (await post(long)).status).toBe(429)
    expect(last()).toMatchObject({ reason: 'too-many-bodies', code: 'LIMIT_EXCEEDED' })
    waits.destroy()
    await eventually(async () => (await post(long)).status).toBe(200)
  })

  it('no body for what others wait for: what is on its way is held no more', async () => {
    await open(
      (_, res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(STREAM.subarray(0, 100)),
      undefined,
      { limits: { maxHeldBytes: 3_000 } },
    )
    const long = { ...asks, system: 'x'.repeat(2_000) }
    for (let n = 0; n < 3; n++) expect((await begun(long)).statusCode).toBe(200)
  })

  it('every call once no more kinds of decisions are counted, and reserves nothing for it', async () => {
    const others = Array.from({ length: 20 }, (_, n) => ({ host: `h${n}.example`, mode: 'endpoint' as const }))
    await open(streamed, undefined, { limits: { maxDecisions: 1 } }, [rule, ...others])
    expect((await post()).status).toBe(200)
    const methods = METHODS.filter((method) => method !== 'CONNECT').slice(0, 25)
    for (const { host } of others)
      await Promise.all(methods.map((method) => call(socketPath, `/to/${host}:${here.port}/`, { method })))
    const events = budget.events.length
    for (let n = 0; n < 5; n++) expect((await post()).status).toBe(429)
    expect([budget.events.length - events, here.decisions.filter(({ ahead }) => ahead !== undefined).length]).toEqual([0, 500]) // prettier-ignore
    await here.gateway.close()
    const counted = here.decisions.filter(({ reason }) => reason === 'too-many-decisions')
    expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(5)
  })

  it('everything, where the budgets are away', async () => {
    await open()
    budget.before.reserve = () => Promise.reject(new SeamError('UNAVAILABLE', 'The engine is stopping.'))
    const got = await post()
    expect([got.status, codeOf(got.body)]).toEqual([503, 'UNAVAILABLE'])
    expect(last()).toMatchObject({ outcome: 'refused', reason: 'reservation', code: 'UNAVAILABLE' })
    expect(here.requests).toEqual([])
  })

  it('a rule with a meter, where there are no budgets', async () => {
    await open()
    const bare = await setting(streamed, { meters: { m: { hosts: { 'api.example': 'anthropic' } } } })
    await expect(bare.open([{ host: 'other.example', mode: 'tunnel' }, rule])).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      problems: [{ place: { pointer: '/rules/1/meter' } }],
    })
    await bare.close()
  })
})

it('lets through what generates nothing, with its body', async () => {
  await open((_, res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":1}'))
  expect((await post({ model: 'x' }, { 'transfer-encoding': 'chunked' }, 'messages/count_tokens')).status).toBe(200)
  expect(here.requests).toMatchObject([{ body: '{"model":"x"}' }])
  expect(budget.events).toEqual([])
})
