import type { CredentialWay } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { appToken } from './github-app.ts'
import type { Post } from './post.ts'
import type { Mint } from './token-source.ts'

export interface MintContext {
  readonly post: Post
  readonly clock: Clock
  /** The value of another secret. */
  readonly secret: (name: string) => Promise<Uint8Array>
}

/** What makes tokens of a secret; `undefined` where it is added as it is. */
export function mintOf(
  name: string,
  way: CredentialWay,
  { post, clock, secret }: MintContext,
): ((value: Uint8Array, signal: AbortSignal) => Promise<Mint>) | undefined {
  if (way.way === 'oauth2')
    return async (value, signal) => {
      const clientSecret = way.clientSecret === undefined ? undefined : await secret(way.clientSecret)
      const { refreshed } = await import('./oauth-port.ts')
      return refreshed({ name, way, refreshToken: value, clientSecret }, { post, now: () => clock.now(), signal })
    }
  if (way.way === 'github-app')
    return (value, signal) => appToken({ name, way, privateKey: value }, { post, now: () => clock.now(), signal })
  return undefined
}
