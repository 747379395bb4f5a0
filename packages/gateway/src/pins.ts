import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Clock } from '@seamark/kit'
import type { DecisionReason, EgressGatewayOptions } from './options.ts'
import { within } from './within.ts'

/** The one address that a host may be connected to for now, or why there is none. */
export type Pin = { readonly address: string } | { readonly reason: Extract<DecisionReason, 'address' | 'no-address'> }

export interface PinOptions {
  readonly lookup: EgressGatewayOptions['lookup']
  /** Whether an address may be connected to. */
  readonly allowed: (address: string) => boolean
  readonly pinMs: number
  readonly connectMs: number
  readonly clock: Clock
}

/** Asks the machine's resolver: IPv4 first, as not every machine that resolves IPv6 reaches it. */
async function fromSystem(host: string): Promise<readonly string[]> {
  const found = await systemLookup(host, { all: true, order: 'ipv4first' })
  return found.map(({ address }) => address)
}

/** Addresses of hosts, each for a while. */
export interface Pinboard {
  pin(host: string): Promise<Pin>
  /** Has the next request resolve anew, where an address does not answer. */
  forget(host: string): void
}

/**
 * Resolves hosts and pins their addresses. An answer is checked when it comes, and what was checked is what is connected
 * to: no name is ever resolved a second time between the two. Refused answers are not kept.
 */
export function pinboard({ lookup = fromSystem, allowed, pinMs, connectMs, clock }: PinOptions): Pinboard {
  const pinned = new Map<string, { readonly until: number; readonly pin: Promise<Pin> }>()

  async function resolve(host: string): Promise<Pin> {
    const stop = new AbortController()
    try {
      const all = isIP(host) !== 0 ? [host] : await within(lookup(host, { signal: stop.signal }), connectMs, stop)
      const address = all.find(allowed)
      if (address !== undefined) return { address }
      return { reason: all.length === 0 ? 'no-address' : 'address' }
    } catch {
      // Whatever the resolver's error says, there is no address; the decision records that.
      return { reason: 'no-address' }
    }
  }

  async function pin(host: string): Promise<Pin> {
    const known = pinned.get(host)
    if (known !== undefined && clock.now() < known.until) return known.pin
    const asked = { until: clock.now() + pinMs, pin: resolve(host) }
    pinned.set(host, asked)
    const found = await asked.pin
    if ('reason' in found && pinned.get(host) === asked) pinned.delete(host)
    return found
  }

  return { pin, forget: (host) => void pinned.delete(host) }
}
