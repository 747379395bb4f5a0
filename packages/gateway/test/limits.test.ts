import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { call, secure } from './support/client.ts'
import { codeOf, exchange, statusOf, tunnelTo } from './support/raw.ts'
import { setting, type Setting } from './support/setting.ts'

let here: Setting
afterEach(() => here.close())

async function opened(options: Parameters<typeof setting>[1] = {}, answer?: Parameters<typeof setting>[0]) {
  here = await setting(answer, options)
  const { socketPath } = await here.open([
    { host: 'api.example', mode: 'endpoint' },
    { host: 'other.example', mode: 'tunnel' },
  ])
  return { socketPath, at: `/to/api.example:${here.port}` }
}

describe('limits', () => {
  const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.on('close', () => resolve()))

  it('ends a request whose headers do not come', async () => {
    const { socketPath } = await opened({ limits: { headersMs: 300 } })
    const started = Date.now()
    const answer = await exchange(socketPath, 'GET /to/x HTTP/1.1\r\nHost: a\r\n', 10_000)
    expect(codeOf(answer)).toBe('TIMEOUT')
    expect(Date.now() - started).toBeLessThan(5_000)
  })

  it('ends a tunnel that says nothing', async () => {
    const { socketPath } = await opened({ limits: { headersMs: 300 } })
    const socket = await tunnelTo(socketPath, `other.example:${here.port}`)
    if (typeof socket === 'string') throw new Error(socket)
    await closed(socket.resume())
    expect(here.decisions).toMatchObject([{ reason: 'too-slow', code: 'TIMEOUT' }])
  })

  it('ends a chunked body without end when it falls silent, and one that is too large', async () => {
    const { socketPath, at } = await opened({ limits: { idleMs: 400, maxRequestBytes: 100_000 } })
    const begin = `POST ${at}/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`
    const started = Date.now()
    expect(codeOf(await exchange(socketPath, `${begin}3\r\nabc\r\n`, 10_000))).toBe('TIMEOUT')
    expect(Date.now() - started).toBeLessThan(5_000)
    const answer = await exchange(socketPath, begin + `4000\r\n${'a'.repeat(16_384)}\r\n`.repeat(10), 10_000)
    expect(codeOf(answer)).toBe('LIMIT_EXCEEDED')
    expect(here.requests).toEqual([])
    const about = { mode: 'endpoint', method: 'POST', host: 'api.example', path: '/x' }
    expect(here.decisions).toMatchObject([
      { outcome: 'allowed', ...about },
      { outcome: 'refused', reason: 'too-slow', code: 'TIMEOUT', ...about },
      { outcome: 'allowed', ...about },
      { outcome: 'refused', reason: 'too-large', code: 'LIMIT_EXCEEDED', ...about },
    ])
  })

  it.each<[string, Parameters<typeof setting>[0]]>([
    ['reads it', undefined],
    ['has answered before', { raw: (_, res) => void res.end('early') }],
  ])('takes no more of a body that is too large and never stops: the host %s', async (_, answer) => {
    const { socketPath, at } = await opened({ limits: { maxRequestBytes: 1_000_000 } }, answer)
    const socket = connect(socketPath).on('error', () => undefined)
    socket.write(`POST ${at}/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const piece = `4000\r\n${'a'.repeat(16_384)}\r\n`
    let sent = 0
    const more = (): void => {
      if (socket.destroyed) return
      sent += piece.length
      if (socket.write(piece)) setImmediate(more)
    }
    socket.on('drain', more)
    more()
    await closed(socket.resume())
    expect(sent).toBeLessThan(20_000_000)
    const [first, ...others] = here.decisions
    expect(first).toMatchObject({ outcome: 'allowed' })
    if (answer === undefined) expect(others).toMatchObject([{ outcome: 'refused', reason: 'too-large' }])
  })

  it('holds little of an answer that nobody reads, and ends it', async () => {
    let sent = 0
    const { socketPath, at } = await opened({ limits: { idleMs: 1_000 } }, (_, res) => {
      const piece = Buffer.alloc(65_536)
      const more = (): void => {
        while (!res.destroyed && sent < 500_000_000) {
          sent += piece.length
          if (!res.write(piece)) return void res.once('drain', more)
        }
      }
      more()
    })
    const socket = connect(socketPath)
    socket.on('error', () => undefined)
    socket.write(`GET ${at}/x HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(sent).toBeLessThan(30_000_000)
    await closed(socket.resume())
    expect(here.decisions).toMatchObject([
      { outcome: 'allowed' },
      { outcome: 'refused', reason: 'too-slow', path: '/x' },
    ])
  })

  it('blames no program for a host that is silent', async () => {
    const { socketPath, at } = await opened({ limits: { idleMs: 300 } }, (_, res) => void res.write('begun'))
    const answer = await exchange(socketPath, `GET ${at}/x HTTP/1.1\r\nHost: localhost\r\n\r\n`, 10_000)
    expect(statusOf(answer)).toBe(200)
    const silent = await exchange(socketPath, `GET ${at}/x HTTP/1.1\r\nHost: localhost\r\n\r\n`, 10_000)
    expect(silent).not.toContain('\r\n0\r\n')
    expect(here.decisions.map(({ outcome }) => outcome)).toEqual(['allowed', 'allowed'])
  })

  it('ends an answer that is too large, whatever it says of itself, and records it', async () => {
    const { socketPath, at } = await opened({ limits: { maxAnswerBytes: 100_000 } }, ({ url }, res) => {
      if (url === '/said') res.setHeader('content-length', 1_000_000)
      res.end(Buffer.alloc(1_000_000))
    })
    const ask = (path: string): Promise<string> =>
      exchange(socketPath, `GET ${at}${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 10_000)
    expect(codeOf(await ask('/said'))).toBe('LIMIT_EXCEEDED')
    expect((await ask('/more')).length).toBeLessThan(300_000)
    for (const path of ['/said', '/more'])
      expect(here.decisions).toContainEqual(expect.objectContaining({ outcome: 'refused', reason: 'too-large', path }))
  })

  it.each([
    ['down', 'GET', 0],
    ['up', 'POST', 1_000_000],
  ])('ends a tunnel that carries too much %s, and records it', async (_, method, length) => {
    const { socketPath } = await opened({ limits: { maxTunnelBytes: 200_000 } }, ({ method: asked }, res) =>
      asked === 'GET' ? void res.end(Buffer.alloc(1_000_000)) : undefined,
    )
    const socket = await tunnelTo(socketPath, `other.example:${here.port}`)
    if (typeof socket === 'string') throw new Error(socket)
    const inside = await secure(socket, { servername: 'other.example', ca: here.certificate.ca })
    let got = 0
    inside.on('data', (piece: Buffer) => (got += piece.length))
    inside.on('error', () => undefined)
    const head = `${method} /x HTTP/1.1\r\nHost: other.example\r\nContent-Length: ${length}\r\n\r\n`
    inside.write(Buffer.concat([Buffer.from(head), Buffer.alloc(length)]))
    await closed(inside)
    expect(got).toBeLessThan(300_000)
    await vi.waitFor(() => expect(here.decisions).toHaveLength(2))
    const about = { mode: 'tunnel', method: 'CONNECT', host: 'other.example' }
    expect(here.decisions).toMatchObject([
      { outcome: 'allowed', ...about },
      { outcome: 'refused', reason: 'too-large', code: 'LIMIT_EXCEEDED', ...about },
    ])
  })

  it('tells nothing where a request that went over a limit can not be recorded, and ends it all the same', async () => {
    let records = 0
    const notices: Error[] = []
    const { socketPath, at } = await opened({
      limits: { maxRequestBytes: 100_000 },
      onNotice: (error) => notices.push(error),
      decided: () => (++records === 1 ? Promise.resolve() : Promise.reject(new Error('full'))),
    })
    const begin = `POST ${at}/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`
    const answer = await exchange(socketPath, begin + `4000\r\n${'a'.repeat(16_384)}\r\n`.repeat(10), 10_000)
    expect(codeOf(answer)).toBe('UNAVAILABLE')
    expect(here.requests).toEqual([])
    expect(notices).toMatchObject([{ code: 'UNAVAILABLE' }])
  })

  it('ends what is broken on its way also where that can not be recorded, and says so to the operator', async () => {
    let records = 0
    const notices: Error[] = []
    const { socketPath, at } = await opened({
      onNotice: (error) => notices.push(error),
      decided: () => (++records === 1 ? Promise.resolve() : Promise.reject(new Error('full'))),
    })
    const begin = `POST ${at}/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`
    const socket = connect(socketPath).on('error', () => undefined)
    const ended = closed(socket.resume())
    socket.write(begin + '4\r\naaaa\r\n')
    await vi.waitFor(() => expect(records).toBe(1))
    socket.write('no length\r\n')
    await ended
    await vi.waitFor(() => expect(notices).toMatchObject([{ code: 'UNAVAILABLE' }]))
    expect(here.requests).toEqual([])
  })

  it('takes so many of 10,010 connections and no more, and records how many it refused', async () => {
    const { socketPath, at } = await opened({ limits: { maxConnections: 10 } })
    const held = Array.from({ length: 10 }, () => connect(socketPath).on('error', () => undefined))
    for (let turn = 0; turn < 20; turn++)
      await Promise.all(
        Array.from({ length: 500 }, () =>
          closed(
            connect(socketPath)
              .on('error', () => undefined)
              .resume(),
          ),
        ),
      )
    for (const socket of held) socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const told = here.decisions.filter(({ reason }) => reason === 'too-many-connections')
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(10_000)
    expect(told.length).toBeLessThan(20)
    expect(await call(socketPath, `${at}/`)).toMatchObject({ status: 200 })
  })
})
