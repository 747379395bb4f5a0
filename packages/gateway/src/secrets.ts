import { redactionTable, SeamError, type RedactionTable } from '@seamark/kit'
import { credentialHeader } from './credentials.ts'
import type { CredentialWay } from '@seamark/core'
import type { EgressGatewayOptions } from './options.ts'
import { within } from './within.ts'

/** What a request to a host with `inject` is sent with. */
export interface Injection {
  readonly header: readonly [string, string]
  /** What is taken out of the answer. */
  readonly known: RedactionTable
}

// A host may repeat a value that was rotated since; older ones than these are revoked.
const remembered = 4

/**
 * Asks for a secret with each request, so that a revoked one is gone with the next. Values that a host was sent are
 * remembered for the attempt, to be scrubbed from its later answers too. Errors: `UNAVAILABLE` and those of `resolve`.
 */
export function secretsOf(options: {
  readonly resolve: EgressGatewayOptions['resolve']
  readonly credentials: Readonly<Record<string, CredentialWay>>
  readonly waitMs: number
}) {
  const { resolve, credentials, waitMs } = options
  const sent = new Map<string, { readonly values: readonly Buffer[]; readonly table: RedactionTable }>()

  function knownAt(place: string, name: string, value: Buffer): RedactionTable {
    const known = sent.get(place)
    if (known?.values[0]?.equals(value) === true) return known.table
    const others = known?.values.filter((other) => !other.equals(value)) ?? []
    const values = [value, ...others].slice(0, remembered)
    const table = redactionTable(values.map((each) => ({ name, value: each })))
    sent.set(place, { values, table })
    return table
  }

  return async (name: string, place: string): Promise<Injection> => {
    const way = Object.hasOwn(credentials, name) ? credentials[name] : undefined
    if (way === undefined || resolve === undefined)
      throw new SeamError('UNAVAILABLE', `There is no way to add the secret ${name}.`)
    const stop = new AbortController()
    const { value } = await within(resolve(name, { signal: stop.signal }), waitMs, stop)
    const bytes = Buffer.from(value)
    const header = credentialHeader(name, way, bytes)
    return { header, known: knownAt(place, name, bytes) }
  }
}

export type Secrets = ReturnType<typeof secretsOf>
