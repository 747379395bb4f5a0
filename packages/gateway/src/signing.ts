import { sha256Hex } from '@seamark/kit'
import { headerName, pairs, values, type RawHeaders } from './headers.ts'
import { written, type Authority } from './names.ts'
import { heldBody, type HeldBody } from './held-body.ts'
import { signable } from './issuer-messages.ts'
import type { Added } from './secrets.ts'
import type { SignableRequest } from './sigv4-port.ts'
import type { Target } from './target.ts'

/**
 * What stands for the body in a signature: `whole`, where all of it has to be read first; otherwise the digest or the word that the
 * program sent, which whoever is asked holds it to.
 */
export type Payload = 'whole' | { readonly digest: string }

const digestHeader = 'x-amz-content-sha256'
const unsignedWord = 'UNSIGNED-PAYLOAD'
const unsignedChunks = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

/** `undefined` where the body is cut into pieces that the program signed, or that may not go unsigned. */
export function payloadOf(raw: RawHeaders, { unsigned }: { readonly unsigned: boolean }): Payload | undefined {
  const [said, ...more] = values(raw, digestHeader)
  if (more.length > 0) return undefined
  if (said !== undefined && /^[0-9a-f]{64}$/.test(said)) return { digest: said }
  if (said?.startsWith('STREAMING-') === true)
    return unsigned && said === unsignedChunks ? { digest: unsignedChunks } : undefined
  return unsigned ? { digest: unsignedWord } : 'whole'
}

// What decides the meaning of a request; of the others a proxy on the way may change any.
const isSigned = (name: string): boolean => name === 'content-type' || name.startsWith('x-amz-')

const unsafe = /[^A-Za-z0-9._~-]/g
const encoded = (text: string): string =>
  Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(unsafe, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

// Those of AWS's own signatures in a query; names such as `continuation-token` are none.
const signature =
  /^(?:x-amz-(?:algorithm|credential|date|expires|signature|signedheaders|security-token)|awsaccesskeyid|signature|expires)$/i

/** A request as it is signed, and its target as it then has to be sent. `sent` are its headers, without those that are added. */
export function signableOf(
  {
    method,
    authority,
    target,
    sent,
  }: {
    readonly method: string
    readonly authority: Authority
    readonly target: Target
    readonly sent: RawHeaders
  },
  payload: string,
): { readonly request: SignableRequest; readonly target: string } {
  const headers = new Map([['host', written(authority)]])
  for (const [name, value] of pairs(sent)) {
    const known = name.toLowerCase()
    if (!isSigned(known)) continue
    const before = headers.get(known)
    headers.set(known, before === undefined ? value : `${before},${value}`)
  }
  const query = [...new URLSearchParams(target.query)].filter(([name]) => !signature.test(name))
  const text = query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&')
  return {
    request: { method, path: target.path, query, headers: Object.fromEntries(headers), payload },
    target: `${target.path}${text === '' ? '' : `?${text}`}`,
  }
}

// Name what S3 copies or renames from; a query is tried too, as signed links carry headers in it.
const source = /^x-amz-(?:copy|rename)-source/

/** Whether a request takes from a path that is not its own, by the name of a header or of a query parameter. */
export function takesFromElsewhere(names: readonly string[]): boolean {
  return names.some((name) => source.test(headerName(name)))
}

/** Why a request can not be signed, whatever its body is. */
export function whyUnsigned(request: Parameters<typeof signableOf>[0]): 'copy-source' | 'too-large' | undefined {
  const { request: made } = signableOf(request, unsignedWord)
  const names = [...pairs(request.sent), ...made.query].map(([name]) => name)
  if (takesFromElsewhere(names)) return 'copy-source'
  // Of the form it is, as it was read: what is left is that there is too much of something.
  return signable.safeParse(made).success ? undefined : 'too-large'
}

/** A request with what signs it, its target as it has to be sent, and its body, which was looked at. */
export interface SignedRequest {
  readonly added: Added
  readonly target: string
  readonly held: HeldBody | undefined
}

/** Signs what will be sent. A body that was read is signed as it is now. Errors: those of `signature`. */
export async function signRequest(
  {
    payload,
    held,
    ...request
  }: Parameters<typeof signableOf>[0] & { readonly payload: Payload; readonly held: HeldBody | undefined },
  signature: (request: SignableRequest) => Promise<Added>,
): Promise<SignedRequest> {
  let body = held
  let digest = payload === 'whole' ? sha256Hex(new Uint8Array()) : payload.digest
  if (held !== undefined) {
    const bytes = held.take()
    digest = sha256Hex(bytes)
    body = heldBody(bytes, held.release)
  }
  const { request: signable, target } = signableOf(request, digest)
  return { added: await signature(signable), target, held: body }
}
