import { redactionTable, SeamError, sha256Hex, type RedactionTable } from '@seamark/kit'
import { credentialHeader, type Carrier } from './credentials.ts'
import { headerName } from './headers.ts'
import type { Issuer } from './issuer.ts'
import { revocations, type Revocations } from './revocations.ts'
import type { SignableRequest } from './sigv4-port.ts'
import { within } from './within.ts'

/** What is added to a request. */
export interface Added {
  /** Raw headers. */
  readonly headers: readonly string[]
  /** Told that the host answered 401: what to add instead, if there is something else. */
  readonly renew?: () => Promise<readonly string[] | undefined>
}

/** The secrets of an attempt. */
export interface Secrets extends Revocations {
  /** How a secret signs, where it is added as a signature. */
  readonly signing: (name: string) => { readonly unsigned: boolean } | undefined
  /** The header that carries a secret to a place. Errors: `UNAVAILABLE` and those of the issuer. */
  readonly headerFor: (name: string, place: string) => Promise<Added>
  /** The headers that sign a request to a place. Errors: the same. */
  readonly signatureFor: (name: string, place: string, request: SignableRequest) => Promise<Added>
  /** What is taken out of answers of a place: what was sent there in the attempt. `undefined` where nothing was. */
  readonly sentTo: (place: string) => RedactionTable | undefined
  /** Names of headers that carry secrets, in the spelling of `headerName`. */
  readonly carriers: ReadonlySet<string>
}

// Of each secret. A host may repeat a value that was rotated since; older ones than these are revoked.
const remembered = 4

/** By the name of the secret: the values that a place was sent, the latest first. */
type Values = ReadonlyMap<string, readonly Buffer[]>

/**
 * Asks for a secret with each request, so that a revoked one is gone with the next. Values that a host was sent are
 * remembered for the attempt, to be scrubbed from its later answers too, whatever rule they come under.
 */
export function secretsOf(options: {
  readonly issuer: Issuer | undefined
  readonly carriers: Readonly<Record<string, Carrier>>
  readonly waitMs: number
}): Secrets {
  const { issuer, carriers, waitMs } = options
  const sent = new Map<string, { readonly values: Values; readonly table: RedactionTable }>()

  function remember(place: string, name: string, value: Buffer): void {
    const all: Values = sent.get(place)?.values ?? new Map<string, readonly Buffer[]>()
    const known = all.get(name) ?? []
    if (known[0]?.equals(value) === true) return
    const values = new Map(all).set(
      name,
      [value, ...known.filter((other) => !other.equals(value))].slice(0, remembered),
    )
    const entries = [...values].flatMap(([of, each]) => each.map((one) => ({ name: of, value: one })))
    sent.set(place, { values, table: redactionTable(entries) })
  }

  const inTime = <T>(work: Promise<T>): Promise<T> => within(work, waitMs, new AbortController())
  const { follow } = revocations(async (name) => issuer === undefined || inTime(issuer.stands(name)))
  const carrierOf = (name: string): Carrier | undefined => (Object.hasOwn(carriers, name) ? carriers[name] : undefined)
  const noWay = (name: string): SeamError => new SeamError('UNAVAILABLE', `There is no way to add the secret ${name}.`)

  async function headerFor(name: string, place: string): Promise<Added> {
    const carrier = carrierOf(name)
    if (carrier === undefined || carrier.way === 'sigv4' || issuer === undefined) throw noWay(name)
    const bytes = Buffer.from(await inTime(issuer.token(name)))
    const header = credentialHeader(name, carrier, bytes)
    remember(place, name, bytes)
    const digest = sha256Hex(bytes)
    if (carrier.renewed !== true) return { headers: header }
    return {
      headers: header,
      async renew() {
        if (!(await inTime(issuer.refused(name, digest)))) return undefined
        return (await headerFor(name, place)).headers
      },
    }
  }

  return {
    signing(name) {
      const carrier = carrierOf(name)
      return carrier?.way === 'sigv4' ? { unsigned: carrier.unsigned === true } : undefined
    },
    headerFor,
    follow,
    async signatureFor(name, place, request) {
      if (issuer === undefined) throw noWay(name)
      const { headers, sessionToken } = await inTime(issuer.sign(name, request))
      if (sessionToken !== undefined) remember(place, name, Buffer.from(sessionToken, 'latin1'))
      return { headers }
    },
    sentTo: (place) => sent.get(place)?.table,
    carriers: new Set(Object.values(carriers).flatMap((way) => (way.way === 'header' ? [headerName(way.header)] : []))),
  }
}
