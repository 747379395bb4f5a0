import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EgressSpec, UsagePort } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { gatewayEgress, type GatewayEgress } from '@seamark/gateway'
import { certificateFor } from './support/certificates.ts'
import { call } from './support/client.ts'
import { PRICED, recorded, spending, type Spending } from './support/spending.ts'

const STREAM = recorded('anthropic-stream')
const SPENT = 5_700_000
const asks = JSON.stringify({
  model: 'priced',
  max_tokens: 500,
  stream: true,
  messages: [{ role: 'user', content: 'Hi' }],
})
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 })

let folder: string
let server: Server
let port: number
let egress: GatewayEgress
let notices: Error[]
let budget: Spending
let answer: (res: ServerResponse) => void

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gw-'))
  notices = []
  budget = spending({ nanoUsd: 100_000_000 })
  answer = (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(STREAM)
  const { cert, key, ca } = await certificateFor(['127.0.0.1'])
  server = createServer({ cert, key }, (req, res) => void req.resume().on('end', () => answer(res)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
  egress = gatewayEgress({
    privateRanges: ['127.0.0.0/8'],
    extraCas: [ca],
    meters: { model: { hosts: { '127.0.0.1': 'anthropic' }, prices: [PRICED] } },
    onNotice: (error) => notices.push(error),
  })
})

afterEach(async () => {
  await egress.close()
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  await rm(folder, { recursive: true })
})

const socketPath = (): string => join(folder, 'a.sock')
const spec = (usage?: UsagePort): EgressSpec => ({
  launchId: 'sma',
  socketPath: socketPath(),
  rules: [{ host: '127.0.0.1', port, mode: 'endpoint', methods: ['POST'], meter: 'model' }],
  port: { note: () => Promise.resolve(), ...(usage && { usage }) },
})
const path = (): string => `/to/127.0.0.1:${port}/v1/messages`
const post = () => call(socketPath(), path(), { method: 'POST', body: asks })

/** Begins a call and reads the first bytes of its answer. */
async function begun(): Promise<IncomingMessage> {
  answer = (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(STREAM.subarray(0, 100))
  const sent = request({ socketPath: socketPath(), path: path(), method: 'POST', headers: { host: '127.0.0.1' }, agent: false }) // prettier-ignore
  sent.on('error', () => undefined)
  sent.end(asks)
  const [begins] = (await once(sent, 'response')) as [IncomingMessage]
  begins.on('error', () => undefined)
  await once(begins, 'data')
  return begins
}

describe('a metered call through the process', () => {
  it('is reserved and settled in the budgets of its owner, and refused where they have no room', async () => {
    await egress.open(spec(budget.usage))
    expect(await post()).toMatchObject({ status: 200, body: STREAM.toString('latin1') })
    expect([budget.settled().nanoUsd, budget.reserved().nanoUsd]).toEqual([SPENT, 0])
    const answers = await Promise.all(Array.from({ length: 20 }, post))
    const went = answers.filter(({ status }) => status === 200).length
    expect(answers.filter(({ status }) => status === 402)).toHaveLength(20 - went)
    expect(budget.settled().nanoUsd).toBe((went + 1) * SPENT)
    expect(budget.most()).toBeLessThanOrEqual(100_000_000)
  })

  it('is settled with the end of its way out, at what was reserved', async () => {
    const way = await egress.open(spec(budget.usage))
    await begun()
    await way.close()
    const [first] = budget.events
    expect(budget.settled()).toEqual(first?.kind === 'budget.reserved' && first.amount)
    expect(budget.reserved().nanoUsd).toBe(0)
  })

  it('stays reserved where the process ends; the next one reserves anew', async () => {
    await egress.open(spec(budget.usage))
    const cut = await begun()
    const over = new Promise((done) => cut.once('close', done))
    const children = await readFile(`/proc/self/task/${process.pid}/children`, 'latin1')
    for (const pid of children.trim().split(' ').map(Number))
      if ((await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).includes('gateway/src/program'))
        process.kill(pid, 'SIGKILL')
    await over
    const { nanoUsd } = budget.reserved()
    expect([nanoUsd > 0, budget.settled().nanoUsd]).toEqual([true, 0])
    answer = (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(STREAM)
    await eventually(() =>
      post().then(
        ({ status }) => status,
        () => 0,
      ),
    ).toBe(200)
    expect([budget.reserved().nanoUsd, budget.settled().nanoUsd]).toEqual([nanoUsd, SPENT])
  })

  it('that can not be settled is told to the owner, who charges it', async () => {
    budget.before.settle = () => Promise.reject(new SeamError('UNAVAILABLE', 'The engine is stopping.'))
    await egress.open(spec(budget.usage))
    expect((await post()).status).toBe(200)
    await eventually(() => notices).toMatchObject([{ code: 'UNAVAILABLE' }])
    expect(budget.reserved().nanoUsd).toBeGreaterThan(0)
  })
})

it('opens no rule with a meter where there are no budgets', async () => {
  await expect(egress.open(spec())).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    problems: [{ place: { pointer: '/rules/0/meter' } }],
  })
})

it('says which meters there are, and whose calls each reads', () => {
  expect(Object.keys(egress.meters)).toEqual(['model'])
  expect(egress.meters['model']).toContain('127.0.0.1')
})
