import { rm } from 'node:fs/promises'
import { isSeamError, SeamError, systemClock, throwIfAborted } from '@seamark/kit'
import { attemptServer, socketError } from './attempt.ts'
import { createAuthority } from './authority.ts'
import { checkWays } from './credentials.ts'
import { decisionLog } from './decisions.ts'
import { dialer } from './dial.ts'
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts'
import { listenPrivately } from './listen.ts'
import type { AttemptEgress, AttemptEgressSpec, EgressGateway, EgressGatewayOptions } from './options.ts'
import { pinboard } from './pins.ts'
import { addressFilter } from './ranges.ts'
import { ENDPOINT_PREFIX } from './request.ts'
import { checkRules } from './rules.ts'
import { written, type Authority } from './names.ts'
import { secretsOf } from './secrets.ts'

function limitsFrom(given: Partial<GatewayLimits>): GatewayLimits {
  for (const [name, value] of Object.entries(given))
    if (!Object.hasOwn(GATEWAY_LIMITS, name) || !(Number.isSafeInteger(value) && value >= (name === 'pinMs' ? 0 : 1)))
      throw new SeamError('INVALID_INPUT', 'That is no limit of the gateway, or not a whole number of 1 or more.', {
        place: { pointer: `/limits/${name}` },
      })
  return { ...GATEWAY_LIMITS, ...given }
}

const endpointOf = (authority: Authority): Authority & { readonly path: string } => ({
  ...authority,
  path: `${ENDPOINT_PREFIX}${written(authority)}/`,
})

/**
 * The way out of attempts: one unix socket for each, on which its program speaks HTTP/1.1 as to a proxy or as to a base
 * URL. It reaches what its rules name and nothing else, and holds no credential.
 *
 * Errors: `INVALID_INPUT` with its place for options that can not be met. Does no I/O before `open`.
 */
export function egressGateway(options: EgressGatewayOptions): EgressGateway {
  const { credentials = {}, lookup, resolve, privateRanges = [], extraCas = [], proxy, clock = systemClock } = options
  const limits = limitsFrom(options.limits ?? {})
  checkWays(credentials)
  const allowed = addressFilter(privateRanges)
  const { connectMs, pinMs } = limits
  const record = decisionLog(options.decided)
  const known = new Set(resolve === undefined ? [] : Object.keys(credentials))
  const dial = dialer({ proxy, extraCas, connectMs })
  const attempts = new Set<AttemptEgress>()
  let closed = false

  async function open({ launchId, socketPath, rules: given, owner }: AttemptEgressSpec, signal?: AbortSignal) {
    throwIfAborted(signal)
    if (closed) throw new SeamError('CONFLICT', 'The gateway is closed.')
    const rules = checkRules(given, known)
    const hosts = [...new Set(rules.hosts('intercept').map(({ host }) => host))]
    const certificates = hosts.length > 0 ? await createAuthority(hosts, clock.now()) : undefined
    const { server, end } = attemptServer({
      launchId,
      rules,
      limits,
      pins: pinboard({ lookup, allowed, pinMs, connectMs, clock }),
      dialer: dial,
      secrets: secretsOf({ resolve, credentials, waitMs: connectMs }),
      certificates,
      record,
      clock,
    })
    try {
      throwIfAborted(signal)
      await listenPrivately(server, socketPath, owner)
    } catch (error) {
      await end()
      throw isSeamError(error) ? error : socketError(error, socketPath)
    }
    let closing: Promise<void> | undefined
    const attempt: AttemptEgress = {
      socketPath,
      ...(certificates && { ca: certificates.pem }),
      endpoints: rules.hosts('endpoint').map(endpointOf),
      close: () => (closing ??= shut()),
    }
    async function shut(): Promise<void> {
      const ended = new Promise<void>((done) => server.close(() => done()))
      await Promise.all([ended, end(), rm(socketPath, { force: true })])
      attempts.delete(attempt)
    }
    attempts.add(attempt)
    // The gateway was closed while this one was being made.
    if (closed) {
      await attempt.close()
      throw new SeamError('CONFLICT', 'The gateway is closed.')
    }
    return attempt
  }

  return {
    open: (spec, { signal } = {}) => open(spec, signal),
    async close() {
      closed = true
      await Promise.all(Array.from(attempts, (attempt) => attempt.close()))
    },
  }
}
