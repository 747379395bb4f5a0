import { SeamError, type Clock } from '@seamark/kit'
import type { CredentialWay } from '@seamark/core'
import { awsKeys } from './aws-keys.ts'
import type { EgressGatewayOptions } from './options.ts'
import { mintOf } from './mints.ts'
import type { Post } from './post.ts'
import type { SignableRequest } from './sigv4-port.ts'
import { tokenSource, type Minting, type TokenSource } from './token-source.ts'

/** A request that was signed: headers to be added to it, and the session token among them. */
export interface Signed {
  readonly headers: readonly string[]
  readonly sessionToken?: string
}

/** Where what is added to requests comes from. The secrets that it is made of do not leave it. */
export interface Issuer {
  /** What is added under a name: the secret, or the token that is good now. Errors: `UNAVAILABLE`, `FORBIDDEN`, those of the store. */
  readonly token: (name: string) => Promise<Uint8Array>
  /**
   * Told the digest of a token that the host answered 401 to. Whether another one can be had now: one that was made a moment ago
   * is not made anew, and of a secret that is added as it is there is no other.
   */
  readonly refused: (name: string, digest: string) => Promise<boolean>
  /** Whether there still is what is added under a name. Errors: those of the store. */
  readonly stands: (name: string) => Promise<boolean>
  /** Errors: as above. */
  readonly sign: (name: string, request: SignableRequest) => Promise<Signed>
}

export interface IssuerOptions {
  readonly resolve: NonNullable<EgressGatewayOptions['resolve']>
  readonly replace: EgressGatewayOptions['replace'] | undefined
  readonly stands: EgressGatewayOptions['stands'] | undefined
  readonly credentials: Readonly<Record<string, CredentialWay>>
  readonly post: Post
  readonly clock: Clock
  /** Ends what is under way. */
  readonly signal: AbortSignal
  readonly onNotice: (error: Error) => void
}

/** Asks the store each time, so that what was taken away or replaced is neither added nor used to make anything. */
export function issuerOf(options: IssuerOptions): Issuer {
  const { resolve, replace, stands, credentials, post, clock, signal, onNotice } = options
  const sources = new Map<string, TokenSource>()
  // All attempts that ask at one time are answered by one look.
  const looking = new Map<string, Promise<boolean>>()
  const ask = (name: string): ReturnType<typeof resolve> => resolve(name, { signal })

  function wayOf(name: string): CredentialWay {
    const way = Object.hasOwn(credentials, name) ? credentials[name] : undefined
    if (way === undefined) throw new SeamError('UNAVAILABLE', `There is no way to add the secret ${name}.`)
    return way
  }

  function sourceOf(name: string, way: CredentialWay): TokenSource | undefined {
    const known = sources.get(name)
    if (known !== undefined) return known
    const mint = mintOf(name, way, { post, clock, secret: async (other) => (await ask(other)).value })
    if (mint === undefined) return undefined
    const minting: Minting = {
      name,
      mint: (value) => mint(value, signal),
      stored: () => ask(name),
      ...(replace && { replace: (version, value) => replace(name, version, value, { signal }) }),
    }
    const made = tokenSource(minting, { clock, onNotice })
    sources.set(name, made)
    return made
  }

  return {
    async token(name) {
      const way = wayOf(name)
      if (way.way === 'sigv4') throw new SeamError('UNAVAILABLE', `The secret ${name} only signs.`)
      return (await sourceOf(name, way)?.token()) ?? (await ask(name)).value
    },
    refused: (name, digest) => Promise.resolve(sources.get(name)?.refused(digest) ?? false),
    async stands(name) {
      if (stands === undefined) return true
      const known = looking.get(name)
      if (known !== undefined) return known
      const look = stands(name, { signal }).finally(() => looking.delete(name))
      looking.set(name, look)
      return look
    },
    async sign(name, request) {
      const way = wayOf(name)
      if (way.way !== 'sigv4') throw new SeamError('UNAVAILABLE', `The secret ${name} signs nothing.`)
      const keys = awsKeys(name, (await ask(name)).value, clock.now())
      const { signV4 } = await import('./sigv4-port.ts')
      return signV4(request, { ...way, keys, at: clock.now() })
    },
  }
}
