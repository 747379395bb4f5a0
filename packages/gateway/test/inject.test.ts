import { afterEach, expect, it } from 'vitest'
import type { CredentialWay } from '@seamark/core'
import { call } from './support/client.ts'
import { codeOf } from './support/raw.ts'
import { setting, type Answer, type Setting } from './support/setting.ts'

const secret = 'sk-live-Zq8/xT+71?>secretvalue'
const own = 'the-programs-own-credential'

let here: Setting
afterEach(() => here.close())

async function injecting(way: CredentialWay, answer?: Answer, value: () => string = () => secret) {
  const asked: string[] = []
  here = await setting(answer, {
    credentials: { 'api-key': way },
    resolve: (name) => {
      asked.push(name)
      return Promise.resolve({ value: Buffer.from(value()) })
    },
  })
  const { socketPath } = await here.open([{ host: 'api.example', mode: 'endpoint', inject: 'api-key', paths: ['/*'] }])
  return { socketPath, base: `/to/api.example:${here.port}`, asked }
}

it.each([
  [{ way: 'bearer' }, 'authorization', `Bearer ${secret}`],
  [{ way: 'header', header: 'x-api-key' }, 'x-api-key', secret],
  [{ way: 'basic', user: 'git' }, 'authorization', `Basic ${Buffer.from(`git:${secret}`).toString('base64')}`],
] as const)('adds a secret by %j and removes what the program sent', async (way, name, value) => {
  const { socketPath, base, asked } = await injecting(way)
  const headers = {
    authorization: `Bearer ${own}`,
    'x-api-key': own,
    x_api_key: own,
    'api-key': own,
    'x-goog-api-key': own,
    'private-token': own,
    'proxy-authorization': own,
    cookie: `session=${own}`,
    'x-amz-security-token': own,
    'x-amz-date': own,
    'x-amz-content-sha256': own,
    'x-http-method-override': own,
    'x-original-url': own,
    'x-forwarded-host': own,
    'x-hop': own,
    connection: 'x-hop',
    range: 'bytes=0-1',
    'accept-encoding': 'gzip',
    'x-kept': 'kept',
    'idempotency-key': 'kept-too',
  }
  const query = [
    `key=${own}`,
    `k%65y=${own}`,
    `access_token=${own}`,
    `api_key=${own}`,
    `a=1;token=${own}`,
    `X-Amz-Credential=${own}`,
    `X-Amz-Signature=${own}`,
    'monkey=1',
    'page=2',
  ].join('&')
  expect(await call(socketPath, `${base}/v1?${query}`, { headers })).toMatchObject({ status: 200 })
  const [seen] = here.requests
  expect(seen?.url).toBe('/v1?monkey=1&page=2')
  expect(JSON.stringify(seen)).not.toContain(own)
  expect(seen?.headers).toEqual(expect.arrayContaining([name, value, 'x-kept', 'kept-too', 'identity']))
  expect(seen?.headers.filter((header) => header.toLowerCase() === name)).toHaveLength(1)
  expect(asked).toEqual(['api-key'])
  expect(here.decisions).toMatchObject([{ outcome: 'allowed', inject: 'api-key' }])
  expect(JSON.stringify(here.decisions)).not.toContain('secretvalue')
})

it('takes the secret out where the host sends it back, in pieces and encodings', async () => {
  const bytes = Buffer.from(secret)
  const told = [
    secret,
    bytes.toString('base64'),
    Buffer.from(`a:${secret}:z`).toString('base64'),
    Buffer.from(`ab:${secret}`).toString('base64url'),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    JSON.stringify({ secret }),
  ].join('\n')
  const { socketPath, base } = await injecting({ way: 'bearer' }, (_, res) => {
    res.writeHead(200, {
      'content-length': told.length,
      'x-echo': `it is ${secret}`,
      'set-cookie': 'session=derived',
    })
    let at = 0
    const next = (): void => {
      if (at >= told.length) return void res.end()
      res.write(told.slice(at, (at += 3)))
      setImmediate(next)
    }
    next()
  })
  const got = await call(socketPath, `${base}/x`)
  expect(got.headers['set-cookie']).toBeUndefined()
  expect(got.headers['x-echo']).toBe('it is [redacted:api-key]')
  expect(got.headers['content-length']).toBeUndefined()
  for (const part of [
    'secretvalue',
    bytes.subarray(6, -6).toString('base64').slice(4, -4),
    bytes.toString('hex').slice(8, 24),
  ])
    expect(got.body).not.toContain(part)
  const decoded = got.body.split('\n').map((line) => Buffer.from(line, 'base64').toString('latin1'))
  for (const line of decoded) expect(line).not.toContain('secret')
})

it('does not delay an event of a stream', async () => {
  const { socketPath, base } = await injecting({ way: 'bearer' }, (_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('data: one\n\n')
  })
  const { request } = await import('node:http')
  const first = await new Promise<string>((resolve, reject) => {
    const sent = request({ socketPath, path: `${base}/x`, headers: { host: 'localhost' }, agent: false })
    sent.on('error', reject)
    sent.on('response', (answer) =>
      answer.on('data', (piece: Buffer) => {
        resolve(piece.toString())
        sent.destroy()
      }),
    )
    sent.end()
  })
  expect(first).toBe('data: one\n\n')
})

it('refuses an answer that it can not read', async () => {
  const { socketPath, base } = await injecting({ way: 'bearer' }, (_, res) => {
    res.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
  })
  const got = await call(socketPath, `${base}/x`)
  expect([got.status, codeOf(got.body)]).toEqual([503, 'UNAVAILABLE'])
})

it('sends nothing where the secret can not be had, and tells nothing of why', async () => {
  const { socketPath, base } = await injecting({ way: 'bearer' }, undefined, () => {
    throw new Error(`the store says ${secret}`)
  })
  const got = await call(socketPath, `${base}/x`)
  expect([got.status, codeOf(got.body)]).toEqual([503, 'UNAVAILABLE'])
  expect(got.body).not.toContain('secretvalue')
  expect(here.requests).toEqual([])
  expect(here.decisions).toMatchObject([{ outcome: 'refused', reason: 'secret' }])
})

it('asks with each request, and still scrubs what was rotated', async () => {
  let value = 'first-value-0123456789'
  const { socketPath, base, asked } = await injecting(
    { way: 'bearer' },
    (_, res) => void res.end('first-value-0123456789 second-value-0123456789'),
    () => value,
  )
  await call(socketPath, `${base}/x`)
  value = 'second-value-0123456789'
  const { body } = await call(socketPath, `${base}/x`)
  expect(body).toBe('[redacted:api-key] [redacted:api-key]')
  expect(asked).toHaveLength(2)
  expect(here.requests[1]?.headers).toContain('Bearer second-value-0123456789')
})

it.each(['short', 'has a space in it', 'has\r\nx-header: in it'])(
  'never sends a value that no header holds: %j',
  async (value) => {
    const { socketPath, base } = await injecting({ way: 'bearer' }, undefined, () => value)
    expect(await call(socketPath, `${base}/x`)).toMatchObject({ status: 503 })
    expect(here.requests).toEqual([])
  },
)

it('strips Authorization and key headers where nothing is injected, and leaves cookies', async () => {
  here = await setting()
  const { socketPath } = await here.open([{ host: 'api.example', mode: 'endpoint' }])
  const headers = { authorization: own, 'x-api-key': own, 'api-key': own, 'x-auth-token': own, cookie: 'a=b' }
  await call(socketPath, `/to/api.example:${here.port}/`, { headers })
  expect(JSON.stringify(here.requests)).not.toContain(own)
  expect(here.requests[0]?.headers).toContain('a=b')
})

it('drops a header whose name is the secret, and serves on', async () => {
  const value = 'token-0123456789abcdef'
  const { socketPath, base } = await injecting(
    { way: 'bearer' },
    (_, res) => void res.writeHead(200, [value, 'a', `x-${value}`, 'b', 'x-kept', value]).end('ok'),
    () => value,
  )
  for (let turn = 0; turn < 2; turn++) {
    const got = await call(socketPath, `${base}/x`)
    expect(got).toMatchObject({ status: 200, body: 'ok', headers: { 'x-kept': '[redacted:api-key]' } })
    expect(JSON.stringify(got)).not.toContain(value)
  }
})

it('takes the secret out of answers under every rule of the host that it was sent to', async () => {
  let stored = 'nothing yet'
  here = await setting(
    (req, res) => {
      if (req.headers.authorization !== undefined) stored = req.headers.authorization
      res.writeHead(200, { 'x-echo': stored, 'content-length': stored.length }).end(stored)
    },
    {
      credentials: { 'api-key': { way: 'bearer' } },
      resolve: () => Promise.resolve({ value: Buffer.from(secret) }),
    },
  )
  const { socketPath } = await here.open([
    { host: 'api.example', mode: 'endpoint', inject: 'api-key', paths: ['/v1/*'] },
    { host: 'api.example', mode: 'endpoint', paths: ['/public/*'] },
  ])
  const base = `/to/api.example:${here.port}`
  const before = await call(socketPath, `${base}/public/x`, { headers: { 'accept-encoding': 'gzip' } })
  expect(before).toMatchObject({ body: 'nothing yet', headers: { 'content-length': '11' } })
  expect(here.requests[0]?.headers).toContain('gzip')
  await call(socketPath, `${base}/v1/x`)
  const got = await call(socketPath, `${base}/public/x`, { headers: { 'accept-encoding': 'gzip', range: 'bytes=1-' } })
  expect(got).toMatchObject({
    status: 200,
    body: 'Bearer [redacted:api-key]',
    headers: { 'x-echo': 'Bearer [redacted:api-key]' },
  })
  const last = here.requests.at(-1)?.headers ?? []
  expect(last).toContain('identity')
  expect(last).not.toContain('bytes=1-')
  expect(JSON.stringify(last)).not.toContain(secret)
})

it.each([true, false])(
  'removes the header that carries a secret, whatever it is called (injected: %s)',
  async (inject) => {
    here = await setting(undefined, {
      credentials: { 'api-key': { way: 'header', header: 'X-Auth' } },
      resolve: () => Promise.resolve({ value: Buffer.from(secret) }),
    })
    const { socketPath } = await here.open([
      { host: 'api.example', mode: 'endpoint', paths: ['/*'], ...(inject && { inject: 'api-key' }) },
    ])
    await call(socketPath, `/to/api.example:${here.port}/`, {
      headers: { 'x-auth': own, x_auth: own, 'x-author': 'a' },
    })
    const [seen] = here.requests
    expect(JSON.stringify(seen)).not.toContain(own)
    expect(seen?.headers).toContain('x-author')
    expect(seen?.headers.filter((text) => text === secret)).toHaveLength(inject ? 1 : 0)
  },
)

it('ends what is under way with a secret that was removed, and leaves what has none', async () => {
  const there = new Set(['api-key', 'other-key'])
  here = await setting(
    {
      raw(req, res) {
        // Also a body that is still being sent.
        req.resume()
        if (req.url !== '/upload') res.write('begun')
      },
    },
    {
      credentials: { 'api-key': { way: 'bearer' }, 'other-key': { way: 'bearer' } },
      resolve: () => Promise.resolve({ value: Buffer.from(secret) }),
      stands: (name) => Promise.resolve(there.has(name)),
    },
  )
  const { socketPath } = await here.open([
    { host: 'api.example', mode: 'endpoint', inject: 'api-key', paths: ['/*'] },
    { host: 'other.example', mode: 'endpoint', inject: 'other-key', paths: ['/*'] },
    { host: 'xn--bcher-kva.example', mode: 'endpoint' },
  ])
  const { request } = await import('node:http')
  const ended: string[] = []
  const begin = (host: string, path: string, method: string): Promise<void> =>
    new Promise((begun) => {
      const sent = request({ socketPath, path: `/to/${host}:${here.port}${path}`, method, agent: false })
      sent.on('error', () => undefined)
      sent.on('response', (answer) => {
        answer.on('error', () => undefined)
        answer.on('data', () => begun())
        if (answer.statusCode === 200) answer.on('close', () => ended.push(host + path))
        else ended.push(`${host}${path} ${answer.statusCode}`)
      })
      if (method === 'GET') return void sent.end()
      sent.write('a')
      begun()
    })
  await begin('api.example', '/upload', 'POST')
  await begin('api.example', '/stream', 'GET')
  await begin('other.example', '/stream', 'GET')
  await begin('xn--bcher-kva.example', '/stream', 'GET')
  await new Promise((done) => setTimeout(done, 1_000))
  expect(ended).toEqual([])
  there.delete('api-key')
  await new Promise((done) => setTimeout(done, 1_000))
  expect(ended.sort()).toEqual(['api.example/stream', 'api.example/upload 503'])
  expect(here.decisions.filter(({ outcome }) => outcome === 'refused')).toMatchObject([
    { host: 'api.example', reason: 'secret', count: 1 },
    { host: 'api.example', reason: 'secret', count: 1 },
  ])
})
