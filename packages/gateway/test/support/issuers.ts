import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@seamark/kit'
import { jwtVerify } from 'jose'
import { Provider } from 'oidc-provider'
import { dialer } from '../../src/dial.ts'
import { pinboard } from '../../src/pins.ts'
import { poster, type Post } from '../../src/post.ts'
import { addressFilter } from '../../src/ranges.ts'
import { certificateFor, type ServerCertificate } from './certificates.ts'

export interface SecureServer {
  readonly url: string
  readonly port: number
  readonly ca: string
  readonly close: () => Promise<void>
}

/** A server with TLS on 127.0.0.1, with a certificate of that address. */
export async function secureServer(
  listener: (url: string) => RequestListener,
  certificate?: ServerCertificate,
): Promise<SecureServer> {
  const { ca, cert, key } = certificate ?? (await certificateFor(['127.0.0.1']))
  const server = createServer({ cert, key })
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address() as AddressInfo
  const url = `https://127.0.0.1:${port}`
  server.on('request', listener(url))
  return {
    url,
    port,
    ca,
    async close() {
      const ended = new Promise((done) => server.close(done))
      server.closeAllConnections()
      await ended
    },
  }
}

export async function bodyOf(req: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of req) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces).toString()
}

/** Asks issuers of a test as the gateway does. */
export const postTo = (ca: string, privateRanges: readonly string[] = ['127.0.0.0/8']): Post =>
  poster(
    dialer({ proxy: undefined, extraCas: [ca], connectMs: 5_000 }),
    pinboard({
      lookup: undefined,
      allowed: addressFilter(privateRanges),
      pinMs: 1_000,
      connectMs: 5_000,
      clock: systemClock,
    }),
    10_000,
  )

export const client = { id: 'seamark', secret: 'the-clients-own-secret-0123456789' } as const

export interface SignIn extends SecureServer {
  /** A refresh token as a sign-in would give it. */
  readonly refreshToken: () => Promise<string>
  /** Whether an access token is one that holds now. */
  readonly holds: (accessToken: string) => Promise<boolean>
  /** How often a token was asked for. */
  readonly grants: () => number
  readonly tokenEndpoint: string
}

/** `oidc-provider`, which issues refresh tokens anew each time and revokes all of a sign-in where one is used twice. */
export async function signInServer(certificate?: ServerCertificate): Promise<SignIn> {
  let provider: Provider | undefined
  let grants = 0
  const server = await secureServer((url) => {
    provider = new Provider(url, {
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: ['https://127.0.0.1/callback'],
        },
      ],
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
      rotateRefreshToken: true,
      scopes: ['openid', 'offline_access'],
      ttl: { AccessToken: 3_600, RefreshToken: 86_400, Grant: 86_400, IdToken: 3_600 },
      features: { devInteractions: { enabled: false } },
    })
    const callback = provider.callback()
    return (req: IncomingMessage, res: ServerResponse) => {
      if (req.url === '/token') grants++
      void callback(req, res)
    }
  }, certificate)
  const made = (): Provider => {
    if (provider === undefined) throw new Error('The server was not made.')
    return provider
  }
  return {
    ...server,
    tokenEndpoint: `${server.url}/token`,
    grants: () => grants,
    async holds(accessToken) {
      const found = await made().AccessToken.find(accessToken)
      return found !== undefined && !found.isExpired
    },
    async refreshToken() {
      const known = await made().Client.find(client.id)
      if (known === undefined) throw new Error('There is no client.')
      const grant = new (made().Grant)({ accountId: 'someone', clientId: client.id })
      grant.addOIDCScope('openid offline_access')
      const grantId = await grant.save()
      const token = new (made().RefreshToken)({
        accountId: 'someone',
        client: known,
        grantId,
        scope: 'openid offline_access',
        gty: 'authorization_code',
      })
      return token.save()
    },
  }
}

/** The part of GitHub that issues tokens of installations, and checks who asks as GitHub says that it does. */
export async function installationServer(appId: string, installationId: number, certificate?: ServerCertificate) {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const asked: unknown[] = []
  const issued: string[] = []
  const server = await secureServer(
    () => (req, res) => {
      const answer = async (): Promise<void> => {
        const [, assertion = ''] = /^Bearer (.+)$/.exec(req.headers.authorization ?? '') ?? []
        try {
          const { payload } = await jwtVerify(assertion, pair.publicKey, {
            algorithms: ['RS256'],
            issuer: appId,
            maxTokenAge: 600,
          })
          if ((payload.exp ?? 0) - (payload.iat ?? 0) > 600) throw new Error('it lasts too long')
        } catch {
          return void res.writeHead(401).end(`{"message":"${assertion}"}`)
        }
        if (req.method !== 'POST' || req.url !== `/app/installations/${installationId}/access_tokens`)
          return void res.writeHead(404).end()
        asked.push(JSON.parse(await bodyOf(req)))
        const token = `ghs_${issued.length}${'0123456789abcdef'.repeat(2)}`
        issued.push(token)
        const expires = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z')
        res.writeHead(201, { 'content-type': 'application/json' })
        res.end(JSON.stringify({ token, expires_at: expires, permissions: {}, repository_selection: 'selected' }))
      }
      answer().catch(() => res.destroy())
    },
    certificate,
  )
  return { ...server, asked, issued, pem: pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString() }
}
