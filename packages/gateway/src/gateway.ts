import type { EgressRule, EgressSettings } from '@seamark/core'
import { SeamError, systemClock, throwIfAborted } from '@seamark/kit'
import { attemptServer } from './attempt.ts'
import type { Authority as CertificateAuthority } from './authority.ts'
import { carriersOf, checkWays, type Carrier } from './credentials.ts'
import type { Issuer } from './issuer.ts'
import { issuing } from './issuing.ts'
import { decisionLog } from './decisions.ts'
import { dialer } from './dial.ts'
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts'
import type { AttemptEgress, AttemptEgressSpec, EgressGateway, EgressGatewayOptions } from './options.ts'
import { metersOf } from './meters.ts'
import { packagesOf } from './packages.ts'
import { pinboard } from './pins.ts'
import { addressFilter } from './ranges.ts'
import { ENDPOINT_PREFIX } from './request.ts'
import { checkRules } from './rules.ts'
import { written, type Authority } from './names.ts'
import { secretsOf } from './secrets.ts'

export function limitsFrom(given: NonNullable<EgressSettings['limits']>): GatewayLimits {
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

/** Errors: `UNSUPPORTED` for the first rule with a meter, as nothing can be taken from budgets. */
export function refuseMeters(rules: readonly EgressRule[]): void {
  const index = rules.findIndex(({ meter }) => meter !== undefined)
  if (index >= 0)
    throw new SeamError('UNSUPPORTED', 'There are no budgets here that calls could be taken from.', {
      place: { pointer: `/rules/${index}/meter` },
      remedy: 'Leave out meter.',
    })
}

/** What serves attempts: how credentials are added, and not what they are made of. */
export interface ServingOptions extends Omit<EgressGatewayOptions, 'credentials' | 'resolve' | 'replace' | 'stands'> {
  readonly carriers: Readonly<Record<string, Carrier>>
}

export interface ServedAttemptSpec extends AttemptEgressSpec {
  /** Where what is added to requests of this attempt comes from. */
  readonly issuer: Issuer | undefined
}

/** Gateways that issue nothing themselves. Errors: as `egressGateway`. */
export interface ServingGateway {
  open(spec: ServedAttemptSpec, options?: { readonly signal?: AbortSignal }): Promise<AttemptEgress>
  close(): Promise<void>
}

/** Errors: `INVALID_INPUT` with its place for options that can not be met. */
export function servingGateway(options: ServingOptions): ServingGateway {
  const { carriers, lookup, privateRanges = [], extraCas = [], proxy, clock = systemClock } = options
  const { onNotice = () => undefined } = options
  const limits = limitsFrom(options.limits ?? {})
  const meters = metersOf(options.meters ?? {}, clock)
  const packages = packagesOf(options.packages, options.packagesDir, onNotice)
  const allowed = addressFilter(privateRanges)
  const { connectMs, pinMs } = limits
  const known = new Set(Object.keys(carriers))
  const dial = dialer({ proxy, extraCas, connectMs })
  const attempts = new Set<AttemptEgress>()
  let closed = false

  async function open(spec: ServedAttemptSpec, signal?: AbortSignal) {
    const { launchId, listener, rules: given, decided, usage, issuer, ready } = spec
    throwIfAborted(signal)
    if (closed) throw new SeamError('CONFLICT', 'The gateway is closed.')
    const rules = checkRules(given, known, meters)
    if (usage === undefined) refuseMeters(given)
    const hosts = [...new Set(rules.hosts('intercept').map(({ host }) => host))]
    const certificates = hosts.length > 0 ? await newAuthority(hosts, clock.now()) : undefined
    const { serve, end } = attemptServer({
      launchId,
      rules,
      limits,
      pins: pinboard({ lookup, allowed, pinMs, connectMs, clock }),
      dialer: dial,
      secrets: secretsOf({ issuer, carriers, waitMs: connectMs }),
      certificates,
      meters,
      usage,
      packages,
      log: decisionLog(decided, {
        max: limits.maxDecisions,
        maxEqual: limits.maxEqualDecisions,
        maxAhead: limits.maxAheadDecisions,
        onFailure: onNotice,
      }),
      clock,
    })
    let closing: Promise<void> | undefined
    const attempt: AttemptEgress = {
      ...(certificates && { ca: certificates.pem }),
      endpoints: rules.hosts('endpoint').map(endpointOf),
      close: () =>
        (closing ??= shut().catch((error: unknown) => {
          // What could not be recorded may be later.
          closing = undefined
          throw error
        })),
    }
    async function shut(): Promise<void> {
      const ended = new Promise<void>((done) => listener.close(() => done()))
      await Promise.all([ended, end()])
      attempts.delete(attempt)
    }
    attempts.add(attempt)
    try {
      await ready?.(certificates?.pem)
    } catch (error) {
      await attempt.close()
      throw error
    }
    // The gateway was closed, or nobody waits any more, while this one was being made.
    if (closed || signal?.aborted === true) {
      await attempt.close()
      throwIfAborted(signal)
      throw new SeamError('CONFLICT', 'The gateway is closed.')
    }
    serve(listener)
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

/**
 * The way out of attempts: one listener for each, on which its program speaks HTTP/1.1 as to a proxy or as to a base URL. It reaches what its rules name and nothing else, and holds no credential.
 *
 * Errors: `INVALID_INPUT` with its place for options that can not be met. Does no I/O before `open`.
 */
export function egressGateway(options: EgressGatewayOptions): EgressGateway {
  const { credentials = {}, resolve, replace: _replace, stands: _stands, ...rest } = options
  checkWays(credentials)
  const stopping = new AbortController()
  const serving = servingGateway({ ...rest, carriers: resolve === undefined ? {} : carriersOf(credentials) })
  const issuer = issuing(options, stopping.signal)
  return {
    open: (spec, call) => serving.open({ ...spec, issuer }, call),
    async close() {
      stopping.abort()
      await serving.close()
    },
  }
}

/** What makes certificates is large, and many services never need it. */
async function newAuthority(hosts: readonly string[], now: number): Promise<CertificateAuthority> {
  const { createAuthority } = await import('./authority.ts')
  return createAuthority(hosts, now)
}
