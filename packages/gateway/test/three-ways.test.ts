import { stat } from 'node:fs/promises'
import { X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { call, callThrough, secure } from './support/client.ts'
import { codeOf, tunnelTo } from './support/raw.ts'
import { setting, type Setting } from './support/setting.ts'

let here: Setting
afterEach(() => here.close())

describe('endpoint', () => {
  it('sends a request on with TLS and its answer back, and records the decision first', async () => {
    here = await setting((_, res, body) => res.setHeader('x-from', 'server').end(`got ${body}`))
    const { socketPath, endpoints } = await here.open([{ host: 'api.example', mode: 'endpoint', methods: ['POST'] }])
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600)
    const [endpoint] = endpoints
    expect(endpoint?.path).toBe(`/to/api.example:${here.port}/`)
    const got = await call(socketPath, `${endpoint?.path}v1/x?a=b`, { method: 'POST', body: 'hello' })
    expect(got).toMatchObject({ status: 200, body: 'got hello', headers: { 'x-from': 'server' } })
    expect(here.requests).toMatchObject([{ method: 'POST', url: '/v1/x?a=b', body: 'hello' }])
    const headers = here.requests[0]?.headers ?? []
    expect(headers.filter((name) => name.toLowerCase() === 'host')).toHaveLength(1)
    expect(headers).toContain(`api.example:${here.port}`)
    expect(here.decisions).toMatchObject([
      {
        outcome: 'allowed',
        reason: 'listed',
        count: 1,
        mode: 'endpoint',
        host: 'api.example',
        path: '/v1/x',
        address: '127.0.0.1',
      },
    ])
    expect(JSON.stringify(here.decisions)).not.toContain('a=b')
  })

  it('refuses what no rule allows, each with its code, and lets nothing of it out', async () => {
    here = await setting()
    const { socketPath } = await here.open([
      { host: 'api.example', mode: 'endpoint', methods: ['GET'], paths: ['/v1/*', '/exact'] },
    ])
    const at = `/to/api.example:${here.port}`
    const cases = [
      ['GET', `${at}/v2/x`, 403, 'FORBIDDEN'],
      ['POST', `${at}/v1/x`, 403, 'FORBIDDEN'],
      ['GET', '/to/other.example/v1/x', 403, 'FORBIDDEN'],
      ['GET', '/elsewhere', 403, 'FORBIDDEN'],
      ['GET', `${at}/v1/../v2`, 400, 'INVALID_INPUT'],
      ['GET', `${at}/v1/%2e%2e/v2`, 400, 'INVALID_INPUT'],
      ['GET', `${at}/v1/..;/v2`, 400, 'INVALID_INPUT'],
      ['GET', `${at}/v1/%2F..%2Fv2`, 400, 'INVALID_INPUT'],
      ['GET', `${at}/v1/%252e%252e/v2`, 400, 'INVALID_INPUT'],
      ['GET', `${at}/v1//x`, 400, 'INVALID_INPUT'],
      ['GET', `${at}/v1/%zz`, 400, 'INVALID_INPUT'],
      ['GET', `${at}/v1/a\\b`, 400, 'INVALID_INPUT'],
      ['TRACE', `${at}/v1/x`, 403, 'FORBIDDEN'],
    ] as const
    for (const [method, path, status, code] of cases) {
      const got = await call(socketPath, path, { method })
      expect([path, got.status, codeOf(got.body)]).toEqual([path, status, code])
      expect(got.headers['content-type']).toBe('application/problem+json')
    }
    expect(await call(socketPath, `${at}/%76%31/x`)).toMatchObject({ status: 200 })
    expect(await call(socketPath, `${at}/exact?x=/../`)).toMatchObject({ status: 200 })
    expect(here.requests.map(({ url }) => url)).toEqual(['/v1/x', '/exact?x=/../'])
    expect(here.decisions.filter(({ outcome }) => outcome === 'refused')).toHaveLength(cases.length)
  })

  it('keeps connections to a host, also those of answers that came at once', async () => {
    const connections = new Set<number | undefined>()
    here = await setting({
      raw: (req, res) => {
        connections.add(req.socket.remotePort)
        req.resume()
        req.on('end', () => res.end('ok'))
      },
    })
    const { socketPath } = await here.open([{ host: 'api.example', mode: 'endpoint' }])
    const one = () => call(socketPath, `/to/api.example:${here.port}/`, { method: 'POST', body: 'x' })
    for (let turn = 0; turn < 20; turn++) await Promise.all(Array.from({ length: 20 }, one))
    expect(connections.size).toBeLessThanOrEqual(20)
  })

  it('keeps a connection for as long as the host says that it does', async () => {
    const connections = new Set<number | undefined>()
    let announced = 'timeout=60'
    here = await setting({
      raw: (req, res) => {
        connections.add(req.socket.remotePort)
        res.setHeader('keep-alive', announced)
        res.end('ok')
      },
    })
    const { socketPath } = await here.open([{ host: 'api.example', mode: 'endpoint' }])
    const twice = async (apartMs: number): Promise<number> => {
      connections.clear()
      await call(socketPath, `/to/api.example:${here.port}/`)
      await new Promise((resolve) => setTimeout(resolve, apartMs))
      await call(socketPath, `/to/api.example:${here.port}/`)
      return connections.size
    }
    // The server of the test keeps a silent one for longer than the gateway does by itself.
    here.keepFor(30_000)
    expect(await twice(4_500)).toBe(1)
    announced = 'timeout=1'
    expect(await twice(200)).toBe(2)
  })

  it('does not follow a redirect', async () => {
    here = await setting((_, res) => res.writeHead(302, { location: 'https://other.example/' }).end())
    const { socketPath } = await here.open([{ host: 'api.example', mode: 'endpoint' }])
    expect(await call(socketPath, `/to/api.example:${here.port}/`)).toMatchObject({ status: 302 })
    expect(here.requests).toHaveLength(1)
  })

  it('does not send to a host whose certificate is of another name', async () => {
    here = await setting()
    const { socketPath } = await here.open([{ host: 'wrong.example', mode: 'endpoint' }])
    const got = await call(socketPath, `/to/wrong.example:${here.port}/`)
    expect([got.status, codeOf(got.body)]).toEqual([503, 'UNAVAILABLE'])
    expect(here.requests).toEqual([])
  })
})

describe('intercept', () => {
  it('ends TLS under an authority that is constrained to its hosts, and checks what it sees', async () => {
    here = await setting()
    const { socketPath, ca = '' } = await here.open([{ host: 'api.example', mode: 'intercept', paths: ['/v1/*'] }])
    const authority = `api.example:${here.port}`
    expect(await callThrough(socketPath, authority, '/v1/x', { ca })).toMatchObject({ status: 200, body: 'ok' })
    const refused = await callThrough(socketPath, authority, '/v2', { ca })
    expect([refused.status, codeOf(refused.body)]).toEqual([403, 'FORBIDDEN'])
    const other = await callThrough(socketPath, authority, '/v1/x', { ca, headers: { host: 'other.example' } })
    expect([other.status, codeOf(other.body)]).toEqual([400, 'INVALID_INPUT'])
    expect(new X509Certificate(ca).ca).toBe(true)
    expect(ca).not.toContain('PRIVATE')
    expect(here.requests).toHaveLength(1)
    expect(here.decisions.map(({ outcome, mode, path }) => [outcome, mode, path])).toEqual([
      ['allowed', 'intercept', '/v1/x'],
      ['refused', 'intercept', '/v2'],
      ['refused', 'intercept', undefined],
    ])
  })

  it('gives each attempt an authority of its own', async () => {
    here = await setting()
    const rules = [{ host: 'api.example', mode: 'intercept' }] as const
    const [one, two] = [await here.open(rules), await here.open(rules)]
    const crossed = callThrough(one.socketPath, `api.example:${here.port}`, '/', { ca: two.ca ?? '' })
    await expect(crossed).rejects.toThrow()
  })

  it('speaks no HTTP/2', async () => {
    here = await setting()
    const { socketPath, ca = '' } = await here.open([{ host: 'api.example', mode: 'intercept' }])
    const socket = await tunnelTo(socketPath, `api.example:${here.port}`)
    if (typeof socket === 'string') throw new Error(socket)
    await expect(secure(socket, { servername: 'api.example', ca, ALPNProtocols: ['h2'] })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    })
  })
})

describe('tunnel', () => {
  it('is opaque, and its server name is the host', async () => {
    here = await setting()
    const { socketPath, ca } = await here.open([{ host: 'api.example', mode: 'tunnel' }])
    expect(ca).toBeUndefined()
    const got = await callThrough(socketPath, `API.example:${here.port}`, '/any/..', { ca: here.certificate.ca })
    expect(got).toMatchObject({ status: 200, body: 'ok' })
    expect(here.decisions).toMatchObject([
      { outcome: 'allowed', mode: 'tunnel', host: 'api.example', address: '127.0.0.1' },
    ])
  })

  it.each([
    ['another name', { servername: 'other.example' }],
    ['no name', {}],
  ])('refuses %s', async (_, options) => {
    here = await setting()
    const { socketPath } = await here.open([{ host: 'api.example', mode: 'tunnel' }])
    const socket = await tunnelTo(socketPath, `api.example:${here.port}`)
    if (typeof socket === 'string') throw new Error(socket)
    await expect(secure(socket, { ...options, rejectUnauthorized: false })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
    })
    expect(here.decisions).toMatchObject([{ outcome: 'refused', reason: 'server-name', code: 'FORBIDDEN' }])
  })

  it('refuses what does not begin with a ClientHello', async () => {
    here = await setting()
    const { socketPath } = await here.open([{ host: 'api.example', mode: 'tunnel' }])
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'SSH-2.0-x\r\n', '\x16\x03\x01\x00\x05\x02aaaa']) {
      const socket = await tunnelTo(socketPath, `api.example:${here.port}`)
      if (typeof socket === 'string') throw new Error(socket)
      const answer = await new Promise<string>((resolve) => {
        let seen = ''
        socket.on('data', (piece) => (seen += piece.toString('latin1')))
        socket.on('close', () => resolve(seen))
        socket.resume()
        socket.write(bytes, 'latin1')
      })
      expect(codeOf(answer)).toBe('FORBIDDEN')
    }
    expect(here.decisions.map(({ reason }) => reason)).toEqual(Array(3).fill('no-client-hello'))
  })
})
