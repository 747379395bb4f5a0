import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EgressRule } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { egressGateway, listenPrivately, type EgressDecision, type EgressGateway } from '@seamark/gateway'
import { keptHeaders, packageKey, type PackageRequest } from '../src/package-files.ts'
import { call, callThrough } from './support/client.ts'
import { setting, type Setting } from './support/setting.ts'

const secret = 'npm_0123456789abcdefXYZ'
const file = '/@acme/sauce/-/sauce-1.0.0.tgz'
const tarball = 'bytes of a package '.repeat(5_000)

let here: Setting
let gateway: EgressGateway
let dir: string
let decisions: EgressDecision[]
let notices: Error[]
let value: string | undefined
let answer: (res: ServerResponse) => void
let opened = 0

beforeEach(async () => {
  ;[decisions, notices, value] = [[], [], secret]
  answer = (res) => void res.end(tarball)
  here = await setting((_, res) => answer(res))
  dir = await mkdtemp(join(tmpdir(), 'gw-packages-'))
  gateway = anew()
})
afterEach(async () => {
  await gateway.close()
  await here.close()
  await rm(dir, { recursive: true, force: true })
})

function anew(): EgressGateway {
  return egressGateway({
    lookup: () => Promise.resolve(['127.0.0.1']),
    privateRanges: ['127.0.0.0/8'],
    extraCas: [here.certificate.ca],
    credentials: { token: { way: 'bearer' }, other: { way: 'bearer' } },
    resolve: (name) => {
      if (value === undefined) return Promise.reject(new SeamError('NOT_FOUND', 'It is gone.'))
      return Promise.resolve({ value: Buffer.from(name === 'token' ? value : `${value}-${name}`) })
    },
    packages: { registries: [{ host: 'API.example.', port: here.port, kind: 'npm' }] },
    packagesDir: dir,
    onNotice: (error) => notices.push(error),
  })
}

/** Each is an attempt of its own. */
async function open(rule: Partial<EgressRule> = {}, decided?: () => Promise<void>) {
  const socketPath = join(here.folder, `p${++opened}.sock`)
  const made = await gateway.open({
    launchId: `smp${opened}`,
    listener: await listenPrivately(socketPath),
    rules: [{ host: 'api.example', port: here.port, mode: 'endpoint', paths: ['/*'], ...rule }],
    decided: async (group) => {
      await decided?.()
      decisions.push(...group)
    },
  })
  return { ...made, socketPath }
}

const get = async (
  rule?: Partial<EgressRule>,
  path = file,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly method?: string } = {},
) => call((await open(rule)).socketPath, `/to/api.example:${here.port}${path}`, more)

describe('a file of a package', () => {
  it('is fetched once, whatever attempt asks for it, and each answer is a record', async () => {
    const first = await get()
    expect(first).toMatchObject({ status: 200, body: tarball })
    expect(first.headers).not.toHaveProperty('cache-status')
    const second = await get()
    expect(second).toMatchObject({
      status: 200,
      body: tarball,
      headers: { 'cache-status': 'seamark; hit', 'content-length': String(tarball.length) },
    })
    expect(here.requests).toHaveLength(1)
    expect(decisions).toMatchObject([
      { outcome: 'allowed', reason: 'listed', path: file, address: '127.0.0.1' },
      { outcome: 'allowed', reason: 'cached', path: file, mode: 'endpoint' },
    ])
    expect(decisions[1]).not.toHaveProperty('address')
    expect(notices).toEqual([])
  })

  it('is there for an intercepted connection too, after a restart, and while the registry is away', async () => {
    await get()
    await gateway.close()
    gateway = anew()
    answer = (res) => res.destroy()
    const { socketPath, ca = '' } = await open({ mode: 'intercept' })
    const got = await callThrough(socketPath, `api.example:${here.port}`, file, { ca })
    expect([got.status, got.body]).toEqual([200, tarball])
    expect(here.requests).toHaveLength(1)
  })

  it('is given only under a rule that allows it, once that is a record', async () => {
    await get()
    expect(await get({ paths: ['/other/*'] })).toMatchObject({ status: 403 })
    const { socketPath } = await open({}, () => Promise.reject(new SeamError('UNAVAILABLE', 'The journal is away.')))
    expect(await call(socketPath, `/to/api.example:${here.port}${file}`)).toMatchObject({ status: 503 })
    expect(here.requests).toHaveLength(1)
  })

  it('is fetched for each credential, and not given where it was taken away', async () => {
    const asked = (): number => here.requests.length
    await get({ inject: 'token' })
    expect(asked()).toBe(1)
    expect(await get({ inject: 'token' })).toMatchObject({ body: tarball, headers: { 'cache-status': 'seamark; hit' } })
    expect(asked()).toBe(1)
    await get({ inject: 'other' })
    await get()
    expect(asked()).toBe(3)
    value = undefined
    expect(await get({ inject: 'token' })).toMatchObject({ status: 503 })
    expect(decisions.at(-1)).toMatchObject({ outcome: 'refused', reason: 'secret' })
    expect(asked()).toBe(3)
  })

  it('has no secret in it that its host was sent', async () => {
    answer = (res) => res.end(`it is ${secret}`)
    expect((await get({ inject: 'token' })).body).toBe('it is [redacted:token]')
    const again = await get({ inject: 'token' })
    expect([again.body, again.headers['cache-status']]).toEqual(['it is [redacted:token]', 'seamark; hit'])
  })

  it('is fetched anew where the program asks for that, which replaces it', async () => {
    await get()
    answer = (res) => res.end('another')
    expect((await get({}, file, { headers: { 'cache-control': 'no-cache' } })).body).toBe('another')
    expect((await get()).body).toBe('another')
    expect(here.requests).toHaveLength(2)
  })
})

describe('nothing is kept', () => {
  const kept = async (): Promise<number> => (await readdir(dir)).length

  it.each<[string, Parameters<typeof get>]>([
    ['of another path', [{}, '/@acme/sauce']],
    ['of a path with a query', [{}, `${file}?x=1`]],
    ['of another method', [{}, file, { method: 'POST' }]],
    ['of a part', [{}, file, { headers: { range: 'bytes=0-1' } }]],
    ['of who has a cookie', [{}, file, { headers: { cookie: 'a=b' } }]],
    ['of who has it already', [{}, file, { headers: { 'if-none-match': '"x"' } }]],
    ['of who sends a header that nobody knows', [{}, file, { headers: { 'x-jfrog-art-api': 'own' } }]],
    ['of another type', [{}, file, { headers: { accept: 'text/html' } }]],
  ])('%s', async (_, args) => {
    expect((await get(...args)).status).toBe(200)
    expect(await kept()).toBe(0)
  })

  it.each<[string, number, Readonly<Record<string, string>>]>([
    ['of an error', 404, {}],
    ['of a redirect', 302, { location: '/x' }],
    ['of what may not be stored', 200, { 'cache-control': 'public, No-Store' }],
    ['of what has to be asked for each time', 200, { 'cache-control': 'no-cache' }],
    ['of what is for one user only', 200, { 'cache-control': 'private' }],
    ['that sets a cookie', 200, { 'set-cookie': 'a=b' }],
    ['that is encoded', 200, { 'content-encoding': 'gzip' }],
    ['that is different for other programs', 200, { vary: 'Accept-Encoding, User-Agent' }],
  ])('%s', async (_, status, headers) => {
    answer = (res) => res.writeHead(status, headers).end('x')
    await get()
    expect(await kept()).toBe(0)
  })

  it('of an answer that ends with its connection', async () => {
    answer = (res) => {
      res.removeHeader('transfer-encoding')
      res.useChunkedEncodingByDefault = false
      res.writeHead(200, { connection: 'close' }).end('half')
    }
    expect((await get()).body).toBe('half')
    expect(await kept()).toBe(0)
  })

  it('and nothing given to who sends what nobody knows, since it may ask for another answer', async () => {
    await get()
    expect(await kept()).toBe(1)
    answer = (res) => void res.end('its own')
    for (const headers of [{ 'x-auth': 'own' }, { accept: 'text/html' }, { cookie: 'a=b' }])
      expect(await get({}, file, { headers })).toMatchObject({ body: 'its own' })
    expect((await get()).body).toBe(tarball)
  })

  it('of what is cut', async () => {
    answer = (res) => {
      res.writeHead(200, { 'content-length': '1000' })
      res.write('half')
      setImmediate(() => res.destroy())
    }
    await expect(get()).rejects.toThrow()
    answer = (res) => void res.end('whole')
    expect(await get()).toMatchObject({ body: 'whole' })
    expect((await get()).body).toBe('whole')
    expect(await kept()).toBe(1)
    expect(here.requests).toHaveLength(2)
    expect(notices).toEqual([])
  })
})

describe('a key', () => {
  const asked: PackageRequest = {
    authority: { host: 'registry.example', port: 443 },
    method: 'GET',
    target: { path: '/a/-/a-1.0.0.tgz', query: '' },
    length: 0,
    sent: [],
    inject: undefined,
  }
  const npm = [{ host: 'registry.example', kind: 'npm' }] as const
  const pypi = [{ host: 'registry.example', kind: 'pypi' }] as const
  const path = (text: string) => ({ target: { path: text, query: '' } })

  it('is there for files that registries never change', () => {
    const of = (registries: typeof npm | typeof pypi, text: string) =>
      packageKey(registries, { ...asked, ...path(text) }) !== undefined
    const wheel = `/packages/ab/cd/${'0'.repeat(60)}/x-1.0-py3-none-any.whl`
    expect(['/a/-/a-1.0.0.tgz', '/@s/a/-/a-1.0.0.tgz', '/npm/x/@s/a/-/a.tgz'].map((text) => of(npm, text))).toEqual([
      true,
      true,
      true,
    ])
    expect(['/a', '/a/-/', '/a/-/b/c.tgz', '/-/x.json', '/a.tgz', wheel].some((text) => of(npm, text))).toBe(false)
    expect(of(pypi, wheel)).toBe(true)
    expect([wheel.toUpperCase(), '/simple/x/', '/packages/x.whl'].some((text) => of(pypi, text))).toBe(false)
  })

  it('is another one for each host, port, path and secret', () => {
    const all = [
      asked,
      { ...asked, inject: 'a' },
      { ...asked, inject: 'b' },
      { ...asked, inject: 'null' },
      { ...asked, ...path('/b/-/b-1.0.0.tgz') },
    ].map((one) => packageKey(npm, one))
    expect(new Set(all).size).toBe(5)
    expect(packageKey(npm, { ...asked, authority: { host: 'registry.example', port: 444 } })).toBeUndefined()
    expect(packageKey(npm, { ...asked, authority: { host: 'evil.example', port: 443 } })).toBeUndefined()
  })

  it('is there with what package managers send, and another one for each type', () => {
    const doc = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*'
    const of = (...sent: string[]) => packageKey(npm, { ...asked, sent })
    const npmSends = [
      'npm-command',
      'ci',
      'Npm-Session',
      'x',
      'pacote-version',
      '1',
      'User-Agent',
      'npm',
      'Accept',
      '*/*',
    ]
    expect(of(...npmSends, 'Accept-Encoding', 'gzip')).toBe(of())
    expect(new Set([of(), of('Accept', doc), of('Accept', 'a/b')]).size).toBe(3)
    for (const sent of [
      ['Accept', 'a/b'],
      ['Accept', '*/*', 'accept', '*/*'],
      ['X-Auth', 'a'],
      ['npm_session', 'a'],
      ['Range', 'b'],
    ])
      expect(of(...sent)).toBeUndefined()
  })

  it('says where it ends, in one way', () => {
    for (const raw of [
      [],
      ['Content-Length', '1', 'Content-Length', '1'],
      ['Content-Length', '1', 'Transfer-Encoding', 'chunked'],
      ['Content-Length', 'x'],
      ['Transfer-Encoding', 'gzip'],
    ])
      expect(keptHeaders(200, raw, undefined)).toBeUndefined()
    for (const raw of [
      ['Content-Length', '1'],
      ['Transfer-Encoding', 'chunked'],
    ])
      expect(keptHeaders(200, raw, undefined)).toEqual([])
  })

  it('of what is for one user only is kept with its secret', () => {
    const raw = ['Cache-Control', 'private, max-age=5', 'Content-Type', 'a/b', 'X-Other', 'c', 'Content-Length', '1']
    expect(keptHeaders(200, raw, undefined)).toBeUndefined()
    expect(keptHeaders(200, raw, 'a')).toEqual([['content-type', 'a/b']])
  })
})

it('says what is wrong with its settings, with the place', () => {
  const place = (packages: object, packagesDir?: string): unknown => {
    try {
      egressGateway({ packages: { registries: [], ...packages }, ...(packagesDir && { packagesDir }) })
      return undefined
    } catch (error) {
      return error instanceof SeamError ? error.problems[0]?.place?.pointer : error
    }
  }
  expect(place({ registries: [{ host: 'a b', kind: 'npm' }] }, '/x')).toBe('/packages/registries/0/host')
  expect(place({ maxBytes: 0 }, '/x')).toBe('/packages/maxBytes')
  expect(place({})).toBe('/packages')
  expect(place({}, '/x')).toBeUndefined()
})
