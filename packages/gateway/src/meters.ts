import type { MeterSettings, PricedModel } from '@seamark/core'
import { isSeamError, SeamError, type Clock } from '@seamark/kit'
import {
  meteredHosts,
  modelMeter,
  priceTable,
  providerOf,
  PROVIDERS,
  publishedPrices,
  type Meter,
  type PriceTable,
} from '@seamark/metering'
import { canonicalHost } from '@seamark/policy'
import { randomUUID } from 'node:crypto'

/** The meters that rules may name. */
export interface Meters {
  readonly find: (name: string) => Meter | undefined
  /** Whether a meter can read calls to a host. */
  readonly reads: (name: string, host: string) => boolean
  /** By name: the hosts whose calls each reads, as names and patterns of names. */
  readonly hosts: Readonly<Record<string, readonly (string | RegExp)[]>>
}

/** What is there without being configured. */
const usual = 'model'
const maxOutputTokens = 32_000

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

function wrong(pointer: string, message: string): SeamError {
  return new SeamError('INVALID_INPUT', message, { place: { pointer } })
}

function pricesOf(own: readonly PricedModel[], published: PriceTable, pointer: string): PriceTable {
  try {
    // By themselves first, so that places are those of the configuration.
    const { models } = priceTable({ version: 1, models: own })
    return priceTable({ version: 1, models: [...models, ...published.models] })
  } catch (error) {
    if (!isSeamError(error)) throw error
    const [problem] = error.problems
    throw wrong((problem?.place?.pointer ?? '').replace('/models', pointer), error.message)
  }
}

function checkHosts(hosts: NonNullable<MeterSettings['hosts']>, pointer: string): void {
  for (const [host, provider] of Object.entries(hosts)) {
    const known = canonicalHost(host)
    if (!known.ok || known.value !== host)
      throw wrong(`${pointer}/${escaped(host)}`, 'That is no host name in lower case, or an address in one spelling.')
    if (!PROVIDERS.includes(provider))
      throw wrong(`${pointer}/${escaped(host)}`, `Its API is one of: ${PROVIDERS.join(', ')}.`)
  }
}

/** Errors: `INVALID_INPUT` for settings that no meter can go by, with their place in `/meters`. */
export function metersOf(given: Readonly<Record<string, MeterSettings>>, clock: Clock): Meters {
  const published = publishedPrices()
  const all = new Map<string, { readonly meter: Meter; readonly settings: MeterSettings }>()
  const named: Readonly<Record<string, MeterSettings>> = { [usual]: {}, ...given }
  for (const [name, settings] of Object.entries(named)) {
    const at = `/meters/${escaped(name)}`
    const { maxOutputTokens: most = maxOutputTokens, hosts = {}, prices = [] } = settings
    if (!Number.isSafeInteger(most) || most < 1)
      throw wrong(`${at}/maxOutputTokens`, 'That is no whole number above 0.')
    checkHosts(hosts, `${at}/hosts`)
    const meter = modelMeter({
      maxOutputTokens: most,
      hosts,
      prices: pricesOf(prices, published, `${at}/prices`),
      now: () => clock.now(),
      newId: randomUUID,
    })
    all.set(name, { meter, settings })
  }
  return {
    find: (name) => all.get(name)?.meter,
    reads(name, host) {
      const one = all.get(name)
      return one !== undefined && providerOf(host, one.settings.hosts) !== undefined
    },
    hosts: Object.fromEntries([...all].map(([name, { settings }]) => [name, meteredHosts(settings.hosts)])),
  }
}
