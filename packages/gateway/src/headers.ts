/** Headers as they came, in order: name, value, name, value. */
export type RawHeaders = readonly string[]

/** How servers may take a header's name: many take `_` for `-`. */
export const headerName = (name: string): string => name.toLowerCase().replaceAll('_', '-')

/** Pairs of raw headers. */
export function pairs(raw: RawHeaders): readonly (readonly [string, string])[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[index * 2] ?? '', raw[index * 2 + 1] ?? ''] as const)
}

/** All values of a header, by its exact name in any case. */
export function values(raw: RawHeaders, name: string): readonly string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name)
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

// Tell a server of another method, path, host or client than the ones that were checked.
const overrides =
  /^(?:x-http-method(?:-override)?|x-method-override|x-original-(?:url|uri|host)|x-rewrite-url|x-host|x-real-ip|forwarded|x-forwarded(?:-.*)?)$/

// What programs send as a credential. A word such as `token` or `secret` in a name is enough.
const credential =
  /^(?:authorization|proxy-authorization|x-authorization|x-goog-api-key|.*api-?key.*|.*-key|.*(?:token|secret|password|credential|signature).*|x-amz-date|x-amz-content-sha256)$/

const notForwarded = new Set(['host', 'content-length', 'expect'])

/** Whether a header of a request holds a credential, by its name. */
export function isCredentialHeader(name: string): boolean {
  const known = headerName(name)
  return credential.test(known) && known !== 'idempotency-key'
}

/** What becomes of a request and its answer on their way. */
export interface HeaderFate {
  /** Secrets are taken out of the answer. */
  readonly scrubbed: boolean
  readonly metered: boolean
  /** A signature is added to the request. */
  readonly signed?: boolean
}

/**
 * The end-to-end headers of a request, without credentials and without what makes a server take it for another one.
 * Framing and Host are left to who forwards it. `carriers` go too, being what credentials are added by, whatever they are
 * called. With `scrubbed` and `signed` so do cookies, with `scrubbed` what would hide an answer from scrubbing, with `metered` what would hide it from
 * the meter, and what the body hashes to.
 */
export function requestHeaders(
  raw: RawHeaders,
  { scrubbed, metered, signed = false }: HeaderFate,
  carriers: ReadonlySet<string>,
): readonly string[] {
  const named = new Set(
    values(raw, 'connection').flatMap((value) => value.split(',').map((name) => headerName(name.trim()))),
  )
  return pairs(raw).flatMap(([name, value]) => {
    const known = headerName(name)
    if (hopByHop.has(known) || named.has(known) || notForwarded.has(known)) return []
    if (overrides.test(known) || isCredentialHeader(name) || carriers.has(known)) return []
    if ((scrubbed || signed) && /^cookie2?$/.test(known)) return []
    if ((scrubbed || metered) && /^(?:accept-encoding|range|if-range)$/.test(known)) return []
    if (metered && /^(?:content-md5|(?:content-|repr-)?digest)$/.test(known)) return []
    return [name, value]
  })
}

/**
 * The end-to-end headers of an answer. With `scrubbed` and `signed` none that gives the program a credential of its own, with `scrubbed` none that
 * says how long the body is or what it hashes to: secrets are taken out of it. With `metered` none that says how long it is:
 * only its end says that it is settled. `told` comes in place of what it says under the same names, of which some may be left out.
 */
export function answerHeaders(
  raw: RawHeaders,
  {
    scrubbed,
    metered,
    signed = false,
    told = {},
  }: HeaderFate & { readonly told?: Readonly<Record<string, string | undefined>> },
): readonly string[] {
  const named = new Set(
    values(raw, 'connection').flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase())),
  )
  const passed = pairs(raw).flatMap(([name, value]) => {
    const known = name.toLowerCase()
    if (hopByHop.has(known) || named.has(known) || known === 'alt-svc' || Object.hasOwn(told, known)) return []
    if (metered && known === 'content-length') return []
    if (signed && /^set-cookie2?$/.test(known)) return []
    return scrubbed && /^(?:set-cookie2?|content-length|content-md5|(?:content-|repr-)?digest)$/.test(known)
      ? []
      : [name, value]
  })
  return [...passed, ...Object.entries(told).flatMap(([name, value]) => (value === undefined ? [] : [name, value]))]
}

// The program may not write one that a header's line is made of; Node takes bytes above 126 for latin1.
const clean = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether names and values hold no control characters. */
export function areClean(raw: RawHeaders): boolean {
  return raw.every((text) => clean.test(text))
}

/**
 * How long the body is: a number of bytes, `chunked`, or `undefined` where lengths are repeated, contradict each other or
 * are none. RFC 9112, section 6.3.
 */
export function bodyLength(raw: RawHeaders): number | 'chunked' | undefined {
  const lengths = values(raw, 'content-length')
  const codings = values(raw, 'transfer-encoding')
  if (codings.length > 0)
    return codings.length === 1 && codings[0]?.toLowerCase() === 'chunked' && lengths.length === 0
      ? 'chunked'
      : undefined
  if (lengths.length === 0) return 0
  const [length = ''] = lengths
  return lengths.length === 1 && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}
