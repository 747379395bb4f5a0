import { redactionTable, SeamError, type RedactionTable } from '@seamark/kit'
import { credentialHeader } from './credentials.ts'
import type { CredentialWay } from '@seamark/core'
import { headerName } from './headers.ts'
import type { EgressGatewayOptions } from './options.ts'
import { within } from './within.ts'

/** The secrets of an attempt. */
export interface Secrets {
  /** The header that carries a secret to a place. Errors: `UNAVAILABLE` and those of `resolve`. */
  readonly headerFor: (name: string, place: string) => Promise<readonly [string, string]>
  /** What is taken out of answers of a place: what was sent there in the attempt. `undefined` where nothing was. */
  readonly sentTo: (place: string) => RedactionTable | undefined
  /** Names of headers that carry secrets, in the spelling of `headerName`. */
  readonly carriers: ReadonlySet<string>
}

// A host may repeat a value that was rotated since; older ones than these are revoked.
const remembered = 4

/**
 * Asks for a secret with each request, so that a revoked one is gone with the next. Values that a host was sent are
 * remembered for the attempt, to be scrubbed from its later answers too, whatever rule they come under.
 */
export function secretsOf(options: {
  readonly resolve: EgressGatewayOptions['resolve']
  readonly credentials: Readonly<Record<string, CredentialWay>>
  readonly waitMs: number
}): Secrets {
  const { resolve, credentials, waitMs } = options
  const sent = new Map<string, { readonly values: readonly Buffer[]; readonly table: RedactionTable }>()

  function remember(place: string, name: string, value: Buffer): void {
    const known = sent.get(place)
    if (known?.values[0]?.equals(value) === true) return
    const others = known?.values.filter((other) => !other.equals(value)) ?? []
    const values = [value, ...others].slice(0, remembered)
    sent.set(place, { values, table: redactionTable(values.map((each) => ({ name, value: each }))) })
  }

  return {
    async headerFor(name, place) {
      const way = Object.hasOwn(credentials, name) ? credentials[name] : undefined
      if (way === undefined || resolve === undefined)
        throw new SeamError('UNAVAILABLE', `There is no way to add the secret ${name}.`)
      const stop = new AbortController()
      const { value } = await within(resolve(name, { signal: stop.signal }), waitMs, stop)
      const bytes = Buffer.from(value)
      const header = credentialHeader(name, way, bytes)
      remember(place, name, bytes)
      return header
    },
    sentTo: (place) => sent.get(place)?.table,
    carriers: new Set(
      Object.values(credentials).flatMap((way) => (way.way === 'header' ? [headerName(way.header)] : [])),
    ),
  }
}
