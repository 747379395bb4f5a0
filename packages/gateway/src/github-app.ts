import type { GitHubAppWay } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { z } from 'zod'
import type { Post } from './post.ts'
import type { Mint } from './token-source.ts'

const issued = z.looseObject({ token: z.string().regex(/^[\x21-\x7e]{8,1000}$/), expires_at: z.iso.datetime() })

/** What goes wrong with clocks is before and after: a minute of it is allowed, and GitHub takes no more than ten. */
const ASSERTION = { beforeS: 60, afterS: 540 } as const

function read(body: string): z.infer<typeof issued> | undefined {
  try {
    return issued.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

/**
 * A token of an installation of a GitHub App, for the repositories and permissions of its configuration only
 * (docs.github.com/en/rest/apps/apps, "Create an installation access token for an app").
 *
 * Errors: `FORBIDDEN` where GitHub refuses, `UNAVAILABLE` for a key that is none, and where GitHub is away. They quote
 * nothing of its answer.
 */
export async function appToken(
  { name, way, privateKey }: { readonly name: string; readonly way: GitHubAppWay; readonly privateKey: Uint8Array },
  { post, now, signal }: { readonly post: Post; readonly now: () => number; readonly signal: AbortSignal },
): Promise<Mint> {
  const { appId, installationId, repositories, permissions, apiUrl = 'https://api.github.com' } = way
  const second = Math.floor(now() / 1_000)
  const times = { issuedAt: second - ASSERTION.beforeS, expiresAt: second + ASSERTION.afterS }
  const { signedAssertion } = await import('./jwt-port.ts')
  const assertion = await signedAssertion(name, privateKey, { issuer: appId, ...times })
  const { status, body } = await post(
    `${apiUrl.replace(/\/$/, '')}/app/installations/${installationId}/access_tokens`,
    {
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${assertion}`,
        'content-type': 'application/json',
        'user-agent': 'seamark',
        'x-github-api-version': '2022-11-28',
      },
      body: JSON.stringify({ permissions, ...(repositories && { repositories }) }),
      signal,
    },
  )
  if (status >= 400 && status < 500 && status !== 429)
    throw new SeamError('FORBIDDEN', `GitHub refuses to issue a token for ${name} (${status}).`, {
      remedy: 'Look at the App: its key, its installation, and the repositories and permissions that it was given.',
    })
  const found = status === 201 ? read(body) : undefined
  if (found === undefined)
    throw new SeamError('UNAVAILABLE', `GitHub's answer for ${name} is no token (${status}).`, {
      remedy: 'Try again later.',
    })
  return { token: Buffer.from(found.token, 'latin1'), expiresAt: Date.parse(found.expires_at) }
}
