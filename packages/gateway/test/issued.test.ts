import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AttemptFact, CredentialWay, EgressRule } from '@seamark/core'
import { SeamError, sha256Hex, systemClock } from '@seamark/kit'
import { egressGateway, gatewayEgress, listenPrivately, type GatewayEgress } from '@seamark/gateway'
import { certificateFor } from './support/certificates.ts'
import { call, type Got } from './support/client.ts'
import { bodyOf, client, installationServer, secureServer, signInServer, type SecureServer } from './support/issuers.ts'
import { codeOf } from './support/raw.ts'

type Store = Map<string, { value: string; version: number }>

/** A store in memory that can be written. */
function stored(values: Readonly<Record<string, string>>) {
  const store: Store = new Map(Object.entries(values).map(([name, value]) => [name, { value, version: 1 }]))
  const find = (name: string) => {
    const found = store.get(name)
    if (found === undefined) throw new SeamError('NOT_FOUND', 'There is none.')
    return found
  }
  return {
    store,
    resolve: async (name: string) => {
      const { value, version } = find(name)
      return { value: Buffer.from(value), version: String(version) }
    },
    replace: async (name: string, version: string, value: Uint8Array) => {
      if (String(find(name).version) !== version) throw new SeamError('CONFLICT', 'It is another one.')
      store.set(name, { value: Buffer.from(value).toString(), version: Number(version) + 1 })
    },
  }
}

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  readonly authorization: string
  readonly body: string
}

let signIn: Awaited<ReturnType<typeof signInServer>>
let github: Awaited<ReturnType<typeof installationServer>>
let api: SecureServer
let seen: Seen[]
let takes: (authorization: string) => boolean | Promise<boolean>
beforeAll(async () => {
  // Of authorities of one name only the first would be tried.
  const certificate = await certificateFor(['127.0.0.1'])
  signIn = await signInServer(certificate)
  github = await installationServer('Iv23abc', 4711, certificate)
  api = await secureServer(
    () => (req, res) => {
      const answer = async (): Promise<void> => {
        const { authorization = '' } = req.headers
        seen.push({
          method: req.method ?? '',
          url: req.url ?? '',
          headers: req.rawHeaders,
          authorization,
          body: await bodyOf(req),
        })
        const token = req.headers['x-amz-security-token'] ?? ''
        res.setHeader('set-cookie', 'session=derived')
        res.writeHead((await takes(authorization)) ? 200 : 401).end(`you sent ${authorization}${String(token)}`)
      }
      answer().catch(() => res.destroy())
    },
    certificate,
  )
})
afterAll(() => Promise.all([signIn, github, api].map((server) => server.close())))

let folder: string
let socketPath: string
let facts: AttemptFact[]
let notices: Error[]
let used: string[]
let egress: GatewayEgress | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gw-'))
  socketPath = join(folder, 's')
  ;[facts, notices, used, seen] = [[], [], [], []]
  takes = () => true
})
afterEach(async () => {
  await egress?.close()
  egress = undefined
  await rm(folder, { recursive: true })
})

const rule = (inject: string, paths = '/*'): EgressRule => ({
  host: '127.0.0.1',
  port: api.port,
  mode: 'endpoint',
  paths: [paths],
  inject,
})
const base = (): string => `/to/127.0.0.1:${api.port}`
const ways = (): Record<string, CredentialWay> => ({
  'sign-in': {
    way: 'oauth2',
    tokenEndpoint: signIn.tokenEndpoint,
    clientId: client.id,
    clientSecret: 'client-secret',
  },
  app: {
    way: 'github-app',
    appId: 'Iv23abc',
    installationId: 4711,
    repositories: ['seamark'],
    permissions: { contents: 'read' },
    added: 'basic',
    apiUrl: github.url,
  },
  aws: { way: 'sigv4', region: 'eu-central-1', service: 'execute-api' },
  plain: { way: 'bearer' },
})

/** Serves one attempt by the gateway's own process. */
async function served(store: ReturnType<typeof stored>, rules: readonly EgressRule[]): Promise<void> {
  egress = gatewayEgress({
    privateRanges: ['127.0.0.0/8'],
    extraCas: [api.ca],
    credentials: ways(),
    resolve: store.resolve,
    replace: store.replace,
    onNotice: (error) => notices.push(error),
  })
  await egress.open({
    launchId: 'sm1',
    socketPath,
    rules,
    port: { note: (group) => Promise.resolve(void facts.push(...group)) },
    used: (_, value) => used.push(Buffer.from(value).toString('latin1')),
  })
}

/** Command lines and environments of all that this process started. */
function startedWith(): string {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim().split(' ').filter(Boolean)
  return pids
    .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1') + readFileSync(`/proc/${pid}/environ`, 'latin1'))
    .join()
}

/** All that anybody but the host may see of a test. */
const told = (answers: readonly Got[]): string =>
  [JSON.stringify([answers, facts]), inspect(notices, { depth: 10 }), startedWith(), readdirSync(folder).join()].join()

describe('access tokens of a sign-in (a server of oidc-provider)', () => {
  it('are made once for all, from a refresh token whose successor is in the store, and are seen by the host alone', async () => {
    const first = await signIn.refreshToken()
    const store = stored({ 'sign-in': first, 'client-secret': client.secret })
    takes = (authorization) => signIn.holds(authorization.slice('Bearer '.length))
    await served(store, [rule('sign-in')])
    const before = signIn.grants()
    const answers = await Promise.all(Array.from({ length: 8 }, () => call(socketPath, `${base()}/x`)))
    expect(answers.map(({ status, body }) => [status, body])).toEqual(
      answers.map(() => [200, 'you sent Bearer [redacted:sign-in]']),
    )
    expect(signIn.grants() - before).toBe(1)
    const successor = store.store.get('sign-in')?.value ?? ''
    expect(successor).not.toBe(first)
    const token = seen[0]?.authorization.slice('Bearer '.length) ?? ''
    expect(new Set(used)).toEqual(new Set([token]))
    for (const secret of [first, successor, client.secret, token]) expect(told(answers)).not.toContain(secret)
    expect(facts.every(({ data }) => Reflect.get(data, 'inject') === 'sign-in')).toBe(true)
    expect(facts.reduce((sum, { data }) => sum + Number(Reflect.get(data, 'count')), 0)).toBe(8)
  })

  it('are refused by name of no server where the sign-in is over, and the operator is told once', async () => {
    const store = stored({ 'sign-in': 'a-refresh-token-of-nobody', 'client-secret': client.secret })
    await served(store, [rule('sign-in')])
    const answers = [await call(socketPath, `${base()}/x`), await call(socketPath, `${base()}/x`)]
    expect(answers.map(({ status, body }) => [status, codeOf(body)])).toEqual(answers.map(() => [503, 'UNAVAILABLE']))
    expect(seen).toEqual([])
    expect(facts).toMatchObject([{ data: { reason: 'secret' } }, { data: { reason: 'secret' } }])
    expect(notices).toMatchObject([{ code: 'FORBIDDEN' }])
    for (const secret of ['a-refresh-token-of-nobody', client.secret]) expect(told(answers)).not.toContain(secret)
  })
})

describe('a token that the host refuses', () => {
  let now: number
  let close: () => Promise<void>
  afterEach(() => close())

  async function inProcess(store: ReturnType<typeof stored>): Promise<void> {
    now = Date.now()
    const gateway = egressGateway({
      privateRanges: ['127.0.0.0/8'],
      extraCas: [api.ca],
      credentials: ways(),
      resolve: store.resolve,
      replace: store.replace,
      clock: { ...systemClock, now: () => now },
    })
    close = () => gateway.close()
    await gateway.open({
      launchId: 'sm1',
      listener: await listenPrivately(socketPath),
      rules: [rule('sign-in')],
      decided: () => Promise.resolve(),
    })
  }

  it('is made anew once, and a request without a body is sent again with it', async () => {
    await inProcess(stored({ 'sign-in': await signIn.refreshToken(), 'client-secret': client.secret }))
    const refused = new Set<string>()
    takes = (authorization) => !refused.has(authorization)
    await call(socketPath, `${base()}/x`)
    const [first] = seen
    refused.add(first?.authorization ?? '')
    now += 31_000
    const before = signIn.grants()
    const got = await call(socketPath, `${base()}/x`)
    expect([got.status, got.body]).toEqual([200, 'you sent Bearer [redacted:sign-in]'])
    expect(seen).toHaveLength(3)
    expect(seen[2]?.authorization).not.toBe(first?.authorization)
    expect(signIn.grants() - before).toBe(1)
  })

  it('is not made anew for each request of a program whose requests are all refused', async () => {
    await inProcess(stored({ 'sign-in': await signIn.refreshToken(), 'client-secret': client.secret }))
    takes = () => false
    const before = signIn.grants()
    for (let turn = 0; turn < 4; turn++) expect(await call(socketPath, `${base()}/x`)).toMatchObject({ status: 401 })
    expect(signIn.grants() - before).toBe(1)
    now += 31_000
    for (let turn = 0; turn < 4; turn++) expect(await call(socketPath, `${base()}/x`)).toMatchObject({ status: 401 })
    expect(signIn.grants() - before).toBe(2)
  })

  it('fails the request that had a body, and the next one has another token', async () => {
    await inProcess(stored({ 'sign-in': await signIn.refreshToken(), 'client-secret': client.secret }))
    const refused = new Set<string>()
    takes = (authorization) => !refused.has(authorization)
    const post = () =>
      call(socketPath, `${base()}/x`, { method: 'POST', headers: { 'content-length': '2' }, body: 'hi' })
    expect(await post()).toMatchObject({ status: 200 })
    refused.add(seen[0]?.authorization ?? '')
    now += 31_000
    expect(await post()).toMatchObject({ status: 401 })
    expect(await post()).toMatchObject({ status: 200 })
    expect(seen.map(({ body }) => body)).toEqual(['hi', 'hi', 'hi'])
  })
})

describe('tokens of a GitHub App (a server that verifies its assertion)', () => {
  it('are made once, added for git, and nothing of them or the key is seen', async () => {
    await served(stored({ app: github.pem }), [rule('app', '/acme/seamark.git/*')])
    const before = github.issued.length
    const path = `${base()}/acme/seamark.git/info/refs`
    const answers = [await call(socketPath, path), await call(socketPath, path)]
    expect(github.issued.length - before).toBe(1)
    const token = github.issued.at(-1) ?? ''
    const basic = Buffer.from(`x-access-token:${token}`).toString('base64')
    expect(seen.map(({ authorization }) => authorization)).toEqual([`Basic ${basic}`, `Basic ${basic}`])
    for (const secret of [token, basic, github.pem.split('\n')[1] ?? github.pem])
      expect(told(answers)).not.toContain(secret)
    expect(used).toEqual([token, token])
  })
})

describe('signatures of AWS', () => {
  const key = { AccessKeyId: 'AKIDEXAMPLE', SecretAccessKey: 'the-secret-access-key-0123456789' }
  const own = '0'.repeat(64)

  it('are made of what is sent, in place of what the program signed', async () => {
    const session = { ...key, SessionToken: 'the-session-token-0123456789' }
    await served(stored({ aws: JSON.stringify({ Version: 1, ...session }) }), [rule('aws', '/stage/*')])
    const got = await call(socketPath, `${base()}/stage/a%20b?b=2&a=1&token=next&X-Amz-Signature=${own}`, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=own/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${own}`,
        'x-amz-date': '20260101T000000Z',
        'x-amz-security-token': 'own-session-token',
        'x-amz-target': 'Thing.Do',
        cookie: 'own=cookie',
      },
      body: 'hello',
    })
    expect(got.status).toBe(200)
    expect(got.body).toMatch(/\[redacted:aws\]$/)
    const [one] = seen
    expect(one?.url).toBe('/stage/a%20b?b=2&a=1&token=next')
    expect(one?.body).toBe('hello')
    expect(one?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/execute-api\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$/,
    )
    const header = (name: string) =>
      one?.headers.filter((_, at, all) => at % 2 === 1 && all[at - 1]?.toLowerCase() === name)
    expect(header('x-amz-content-sha256')).toEqual([sha256Hex(Buffer.from('hello'))])
    expect(header('x-amz-security-token')).toEqual([session.SessionToken])
    expect(JSON.stringify(one)).not.toMatch(/own|0{64}|20260101/)
    expect(used).toEqual([session.SessionToken])
    for (const secret of [session.SecretAccessKey, session.SessionToken]) expect(told([got])).not.toContain(secret)
  })

  it('keep sessions of the program from the host, and of the host from the program, also where nothing is scrubbed', async () => {
    await served(stored({ aws: JSON.stringify(key) }), [rule('aws')])
    const got = await call(socketPath, `${base()}/x`, { headers: { cookie: 'own=cookie', range: 'bytes=0-1' } })
    expect(got.status).toBe(200)
    expect(got.headers['set-cookie']).toBeUndefined()
    expect(JSON.stringify(seen)).not.toContain('own=cookie')
    expect(seen[0]?.headers).toContain('bytes=0-1')
    expect(used).toEqual([])
  })

  it('take the digest that the program says, and refuse pieces that it signed', async () => {
    await served(stored({ aws: JSON.stringify(key) }), [rule('aws')])
    const post = (digest: string) =>
      call(socketPath, `${base()}/x`, {
        method: 'POST',
        headers: { 'x-amz-content-sha256': digest, 'content-length': '2' },
        body: 'hi',
      })
    expect(await post('1'.repeat(64))).toMatchObject({ status: 200 })
    expect(seen[0]?.headers).toContain('1'.repeat(64))
    const got = await post('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
    expect([got.status, codeOf(got.body)]).toEqual([501, 'UNSUPPORTED'])
    expect(await post('UNSIGNED-PAYLOAD')).toMatchObject({ status: 200 })
    expect(seen[1]?.headers).toContain(sha256Hex(Buffer.from('hi')))
    expect(seen).toHaveLength(2)
    expect(facts.map(({ data }) => Reflect.get(data, 'reason'))).toEqual(['listed', 'payload', 'listed'])
  })
})

describe('a request that is not signed', () => {
  const pairsOf = (count: number) => Array.from({ length: count }, (_, index) => `a${index}=`).join('&')
  const long = `x-amz-meta-${'a'.repeat(193)}`

  it.each([
    ['with 101 parameters', `?${pairsOf(101)}`, {}, 413, 'too-large'],
    ['with 10,001 parameters', `?${'&a'.repeat(10_001)}`, {}, 413, 'too-large'],
    ['with a header whose name has 204 characters', '', { [long]: '1' }, 413, 'too-large'],
    ['to copy what is at another path', '', { 'x-amz-copy-source': '/bucket/private' }, 403, 'copy-source'],
    ['to copy, in a spelling that some servers take', '', { 'X_Amz_Copy_Source_Range': '/b' }, 403, 'copy-source'], // prettier-ignore
    ['to rename what is at another path', '', { 'x-amz-rename-source': '/bucket/private' }, 403, 'copy-source'],
    ['to copy by its query', '?X-Amz-Copy-Source=%2Fb', {}, 403, 'copy-source'],
  ])('is refused by name, and others go on in the same process: %s', async (_, query, headers, status, reason) => {
    await served(stored({ aws: JSON.stringify({ AccessKeyId: 'AKIDEXAMPLE', SecretAccessKey: 'a-secret-access-key' }) }), [rule('aws', '/run/*')]) // prettier-ignore
    const put = (path: string, more: Readonly<Record<string, string>> = {}) =>
      call(socketPath, `${base()}${path}`, { method: 'PUT', headers: { 'content-length': '0', ...more } })
    expect(await put('/run/x')).toMatchObject({ status: 200 })
    const got = await put(`/run/x${query}`, headers)
    expect([got.status, facts.map(({ data }) => Reflect.get(data, 'reason'))]).toEqual([status, ['listed', reason]])
    expect(await put(`/run/x?${pairsOf(100)}`)).toMatchObject({ status: 200 })
    expect([seen.length, notices]).toEqual([2, []])
  })
})

describe('a secret that is removed', () => {
  it.each(['plain', 'app', 'sign-in', 'aws'])(
    'is added to nothing from then on, also on a connection that is kept, and tokens of it neither: %s',
    async (name) => {
      const store = stored({
        plain: 'a-plain-secret-0123456789',
        app: github.pem,
        'sign-in': await signIn.refreshToken(),
        'client-secret': client.secret,
        aws: JSON.stringify({ AccessKeyId: 'AKIDEXAMPLE', SecretAccessKey: 'the-secret-access-key-0123456789' }),
      })
      await served(store, [rule(name)])
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      let connections = 0
      const ask = () =>
        new Promise<number>((resolve, reject) => {
          const sent = request({ socketPath, path: `${base()}/x`, headers: { host: 'localhost' }, agent })
          sent.on('error', reject)
          sent.on('response', (answer) => {
            if (!sent.reusedSocket) connections++
            answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
          })
          sent.end()
        })
      expect(await ask()).toBe(200)
      expect(await ask()).toBe(200)
      store.store.delete(name)
      expect(await ask()).toBe(503)
      expect(connections).toBe(1)
      expect(seen).toHaveLength(2)
      agent.destroy()
    },
  )
})
