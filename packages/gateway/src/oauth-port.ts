import {
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  None,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
  type ClientAuth,
} from 'oauth4webapi'
import type { OAuth2Way } from '@seamark/core'
import { isSeamError, SeamError } from '@seamark/kit'
import { z } from 'zod'
import type { Post } from './post.ts'
import type { Mint } from './token-source.ts'

const jsonObject = z.record(z.string(), z.unknown())

function authOf({ clientAuth }: OAuth2Way, secret: Uint8Array | undefined): ClientAuth {
  if (secret === undefined) return None()
  const text = Buffer.from(secret).toString('utf8')
  return clientAuth === 'post' ? ClientSecretPost(text) : ClientSecretBasic(text)
}

/** Who is signed in is not asked: without its id token an answer needs no issuer and no key. */
function withoutIdentity(body: string): string {
  let read: unknown
  try {
    read = JSON.parse(body)
  } catch {
    return body
  }
  const found = jsonObject.safeParse(read)
  if (!found.success) return body
  const { id_token: _, ...rest } = found.data
  return JSON.stringify(rest)
}

/**
 * An access token for a refresh token (RFC 6749, section 6), and the refresh token that comes in its place, if one does.
 *
 * Errors: `FORBIDDEN` where the server refuses what it was given, `UNAVAILABLE`, `TIMEOUT`. They quote nothing of its answer.
 */
export async function refreshed(
  given: {
    readonly name: string
    readonly way: OAuth2Way
    readonly refreshToken: Uint8Array
    readonly clientSecret: Uint8Array | undefined
  },
  { post, now, signal }: { readonly post: Post; readonly now: () => number; readonly signal: AbortSignal },
): Promise<Mint> {
  const { name, way, refreshToken, clientSecret } = given
  const server = { issuer: new URL(way.tokenEndpoint).origin, token_endpoint: way.tokenEndpoint }
  const client = { client_id: way.clientId }
  const before = Buffer.from(refreshToken).toString('utf8')
  const askedAt = now()
  try {
    const answer = await refreshTokenGrantRequest(server, client, authOf(way, clientSecret), before, {
      ...(way.scope !== undefined && { additionalParameters: { scope: way.scope } }),
      signal,
      async [customFetch](url, { headers, body }) {
        const got = await post(url, { headers, body: String(body), signal })
        return new Response(withoutIdentity(got.body), { status: got.status, headers: got.headers })
      },
    })
    const token = await processRefreshTokenResponse(server, client, answer)
    if (token.token_type !== 'bearer')
      throw new SeamError('UNSUPPORTED', `The token made of ${name} is no bearer token.`)
    const { expires_in: seconds, refresh_token: after } = token
    return {
      token: Buffer.from(token.access_token),
      ...(seconds !== undefined && { expiresAt: askedAt + seconds * 1_000 }),
      ...(after !== undefined && after !== before && { successor: Buffer.from(after) }),
    }
  } catch (error) {
    if (isSeamError(error)) throw error
    // The library's errors hold the answer, and the answer may repeat what was sent.
    const why = refusalOf(error)
    if (why !== undefined)
      throw new SeamError('FORBIDDEN', `The server refuses to issue a token for ${name} (${why}).`, {
        remedy:
          'Look at the client that is configured; otherwise sign in anew, and set the refresh token that comes of it.',
      })
    throw new SeamError('UNAVAILABLE', `The server's answer for ${name} is no token.`, { remedy: 'Try again later.' })
  }
}

const words = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]

/** Why the server refuses, in one of the words of RFC 6749, section 5.2. `undefined` where it does something else. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof WWWAuthenticateChallengeError && error.status < 500) return 'invalid_client'
  if (!(error instanceof ResponseBodyError) || error.status >= 500) return undefined
  return words.includes(error.error) ? error.error : 'another error'
}
