import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CredentialWay, GitHubAppWay, OAuth2Way } from '@seamark/core'
import { egressGateway } from '@seamark/gateway'
import { appToken } from '../src/github-app.ts'
import { refreshed } from '../src/oauth-port.ts'
import {
  bodyOf,
  client,
  installationServer,
  postTo,
  secureServer,
  signInServer,
  type SignIn,
} from './support/issuers.ts'

const signal = new AbortController().signal
const now = Date.now
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

async function refusal(work: Promise<unknown>): Promise<{ readonly code?: unknown; readonly said: string }> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const { inspect } = await import('node:util')
  return { code: Object(error).code, said: inspect(error, { depth: 10, showHidden: true }) }
}

describe('a refresh token (a server of oidc-provider)', () => {
  let server: SignIn
  beforeAll(async () => void (server = await signInServer()))
  afterAll(() => server.close())

  const refresh = (token: string, more: Partial<OAuth2Way> = {}, secret: string | undefined = client.secret) =>
    refreshed(
      {
        name: 'sign-in',
        way: { way: 'oauth2', tokenEndpoint: server.tokenEndpoint, clientId: client.id, ...more },
        refreshToken: Buffer.from(token),
        clientSecret: secret === undefined ? undefined : Buffer.from(secret),
      },
      { post: postTo(server.ca), now, signal },
    )

  it('gives an access token that the server knows, its end, and the refresh token that comes in its place', async () => {
    const before = await server.refreshToken()
    const askedAt = Date.now()
    const first = await refresh(before)
    expect(await server.holds(text(first.token))).toBe(true)
    expect((first.expiresAt ?? 0) - askedAt).toBeGreaterThan(3_590_000)
    expect(text(first.successor)).not.toBe(before)
    const second = await refresh(text(first.successor))
    expect(await server.holds(text(second.token))).toBe(true)
    expect(text(second.token)).not.toBe(text(first.token))
  })

  it('is refused where it was used before, and nothing of it is told', async () => {
    const before = await server.refreshToken()
    await refresh(before)
    const { code, said } = await refusal(refresh(before))
    expect(code).toBe('FORBIDDEN')
    for (const secret of [before, client.secret]) expect(said).not.toContain(secret)
  })

  it('is refused with the secret of another client', async () => {
    const { code, said } = await refusal(refresh(await server.refreshToken(), {}, 'the-secret-of-another-client'))
    expect(code).toBe('FORBIDDEN')
    expect(said).not.toContain('the-secret-of-another-client')
  })

  it('goes nowhere but to addresses that the deployment grants', async () => {
    const way = { way: 'oauth2', tokenEndpoint: server.tokenEndpoint, clientId: client.id } as const
    const given = { name: 'a', way, refreshToken: Buffer.from('a-refresh-token'), clientSecret: undefined }
    const asked = server.grants()
    expect(await refusal(refreshed(given, { post: postTo(server.ca, []), now, signal }))).toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(server.grants()).toBe(asked)
  })

  it.each([
    ['no JSON', 200, 'a-refresh-token'],
    ['no token', 200, '{"token_type":"bearer"}'],
    ['a token of another kind', 200, '{"access_token":"abcdefgh","token_type":"mac"}'],
    ['a redirect', 307, ''],
    ['an error that repeats the token', 503, '{"error":"a-refresh-token","error_description":"a-refresh-token"}'],
    ['too much', 200, `{"access_token":"${'a'.repeat(300_000)}","token_type":"bearer"}`],
  ])('is not taken for used where the server answers %s', async (_, status, body) => {
    const odd = await secureServer(() => (__, res) => {
      res.writeHead(status, { 'content-type': 'application/json', location: 'https://127.0.0.1:1/token' }).end(body)
    })
    try {
      const way = { way: 'oauth2', tokenEndpoint: `${odd.url}/token`, clientId: client.id } as const
      const given = { name: 'a', way, refreshToken: Buffer.from('a-refresh-token'), clientSecret: undefined }
      const { code, said } = await refusal(refreshed(given, { post: postTo(odd.ca), now, signal }))
      expect(['UNAVAILABLE', 'UNSUPPORTED']).toContain(code)
      expect(said).not.toContain('a-refresh-token')
    } finally {
      await odd.close()
    }
  })

  it('is sent with what the configuration says, and an identity in the answer is not looked at', async () => {
    const seen: { authorization: string | undefined; body: string }[] = []
    const odd = await secureServer(() => (req, res) => {
      bodyOf(req).then(
        (body) => {
          seen.push({ authorization: req.headers.authorization, body })
          res.writeHead(200, { 'content-type': 'application/json' })
          res.end('{"access_token":"an-access-token","token_type":"Bearer","expires_in":60,"id_token":"e30.e30.x"}')
        },
        () => res.destroy(),
      )
    })
    try {
      const way = {
        way: 'oauth2',
        tokenEndpoint: `${odd.url}/token`,
        clientId: 'public',
        scope: 'read write',
      } as const
      const given = { name: 'a', way, refreshToken: Buffer.from('a-refresh-token') }
      const about = { post: postTo(odd.ca), now: () => 1_000, signal }
      expect(await refreshed({ ...given, clientSecret: undefined }, about)).toEqual({
        token: Buffer.from('an-access-token'),
        expiresAt: 61_000,
      })
      await refreshed({ ...given, way: { ...way, clientAuth: 'post' }, clientSecret: Buffer.from('the-secret') }, about)
      expect(
        seen.map(({ authorization, body }) => [authorization, Object.fromEntries(new URLSearchParams(body))]),
      ).toEqual(
        [undefined, 'the-secret'].map((client_secret) => [
          undefined,
          {
            grant_type: 'refresh_token',
            refresh_token: 'a-refresh-token',
            client_id: 'public',
            scope: 'read write',
            ...(client_secret !== undefined && { client_secret }),
          },
        ]),
      )
    } finally {
      await odd.close()
    }
  })
})

describe('the private key of a GitHub App (a server that verifies its assertion)', () => {
  let server: Awaited<ReturnType<typeof installationServer>>
  beforeAll(async () => void (server = await installationServer('Iv23abc', 4711)))
  afterAll(() => server.close())

  const mint = (pem: string, more: Partial<GitHubAppWay> = {}) =>
    appToken(
      {
        name: 'app',
        way: {
          way: 'github-app',
          appId: 'Iv23abc',
          installationId: 4711,
          repositories: ['seamark'],
          permissions: { contents: 'read', pull_requests: 'write' },
          apiUrl: `${server.url}/`,
          ...more,
        },
        privateKey: Buffer.from(pem),
      },
      { post: postTo(server.ca), now, signal },
    )

  it('gives a token for the repositories and permissions of the configuration only', async () => {
    const made = await mint(server.pem)
    expect(text(made.token)).toBe(server.issued.at(-1))
    expect((made.expiresAt ?? 0) - Date.now()).toBeGreaterThan(3_500_000)
    expect(server.asked.at(-1)).toEqual({
      repositories: ['seamark'],
      permissions: { contents: 'read', pull_requests: 'write' },
    })
  })

  it.each([
    ['another key', () => ({}), () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['another App', () => ({ appId: 'Iv23def' }), undefined],
    ['another installation', () => ({ installationId: 4712 }), undefined],
  ] as const)('is refused: %s', async (_, more, pair) => {
    const pem = pair?.().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() ?? server.pem
    const before = server.issued.length
    const { code, said } = await refusal(mint(pem, more()))
    expect(code).toBe('FORBIDDEN')
    expect(said).not.toContain('eyJ')
    expect(server.issued).toHaveLength(before)
  })

  it.each([
    ['no key', () => 'a-secret-that-is-no-key'],
    [
      'a key of another kind',
      () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
    [
      'a key that is too short',
      () =>
        generateKeyPairSync('rsa', { modulusLength: 1024 })
          .privateKey.export({ type: 'pkcs1', format: 'pem' })
          .toString(),
    ],
  ])('is not sent anywhere where it is %s', async (_, pem) => {
    const given = pem()
    const { code, said } = await refusal(mint(given))
    expect(code).toBe('UNAVAILABLE')
    expect(said).not.toContain(given.split('\n')[1] ?? given)
    expect(said).not.toContain('a-secret-that-is-no-key')
  })
})

describe('ways that no request can be sent with', () => {
  const oauth2 = { way: 'oauth2', tokenEndpoint: 'https://auth.example/token', clientId: 'a' } as const
  const app = { way: 'github-app', appId: 'a', installationId: 1, permissions: { contents: 'read' } } as const
  const sigv4 = { way: 'sigv4', region: 'eu-central-1', service: 's3' } as const

  it.each<CredentialWay>([
    { ...oauth2, tokenEndpoint: 'http://auth.example/token' },
    { ...oauth2, tokenEndpoint: 'https://user:password@auth.example/token' },
    { ...oauth2, tokenEndpoint: 'auth.example' },
    { ...oauth2, clientId: 'a\r\nb' },
    { ...oauth2, clientAuth: 'post' },
    { ...oauth2, scope: 'a  b' },
    { ...app, apiUrl: 'http://forge.example' },
    { ...app, installationId: 0 },
    { ...app, repositories: [] },
    { ...app, repositories: ['acme/seamark'] },
    { ...app, permissions: {} },
    { ...sigv4, region: 'eu/central' },
    { ...sigv4, service: '' },
  ])('are refused with their place: %j', (way) => {
    expect(() => egressGateway({ credentials: { key: way } })).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        problems: [expect.objectContaining({ place: { pointer: '/credentials/key' } })],
      }),
    )
  })
})
