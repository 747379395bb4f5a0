import { systemClock } from '@seamark/kit'
import { dialer } from './dial.ts'
import { issuerOf, type Issuer } from './issuer.ts'
import { GATEWAY_LIMITS } from './limits.ts'
import type { EgressGatewayOptions } from './options.ts'
import { pinboard } from './pins.ts'
import { poster, type Post } from './post.ts'
import { addressFilter } from './ranges.ts'

/** What issues for a deployment; `undefined` where secrets can not be had. Its options were checked before. */
export function issuing(options: EgressGatewayOptions, signal: AbortSignal): Issuer | undefined {
  const { resolve, replace, stands, credentials = {}, lookup, privateRanges = [], extraCas = [], proxy } = options
  const { clock = systemClock, onNotice = () => undefined } = options
  if (resolve === undefined) return undefined
  const { connectMs, pinMs } = { ...GATEWAY_LIMITS, ...options.limits }
  let made: Post | undefined
  // Most deployments make no tokens, and reading the certificates takes long.
  const post: Post = (url, asked) => {
    made ??= poster(
      dialer({ proxy, extraCas, connectMs }),
      pinboard({ lookup, allowed: addressFilter(privateRanges), pinMs, connectMs, clock }),
      connectMs,
    )
    return made(url, asked)
  }
  return issuerOf({ resolve, replace, stands, credentials, post, clock, signal, onNotice })
}
