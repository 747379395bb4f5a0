import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { AwsKeys } from './aws-keys.ts'

/** A request as far as it is signed. */
export interface SignableRequest {
  readonly method: string
  /** As it is sent. */
  readonly path: string
  /** Decoded, in any order. */
  readonly query: readonly (readonly [string, string])[]
  /** Those that are signed, with names in lower case, each once; `host` among them. */
  readonly headers: Readonly<Record<string, string>>
  /** SHA-256 of the body in hex, or a word that says that it is not signed. */
  readonly payload: string
}

interface Hashing {
  readonly update: (data: Uint8Array) => unknown
  readonly digest: () => Uint8Array
}

// The library makes one of these for each hash.
class Sha256 {
  readonly #secret: Uint8Array | undefined
  #hash: Hashing

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret)
    this.#hash = this.#made()
  }

  #made(): Hashing {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret)
  }

  update(data: Uint8Array): void {
    this.#hash.update(data)
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }

  reset(): void {
    this.#hash = this.#made()
  }
}

function bytesOf(source: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof source === 'string') return Buffer.from(source)
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
}

const digestHeader = 'x-amz-content-sha256'
const tokenHeader = 'x-amz-security-token'

/**
 * The headers that sign a request with AWS Signature Version 4
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html), as raw headers.
 */
export async function signV4(
  { method, path, query, headers, payload }: SignableRequest,
  {
    region,
    service,
    keys,
    at,
    tellsDigest = true,
  }: {
    readonly region: string
    readonly service: string
    readonly keys: AwsKeys
    readonly at: number
    /** False leaves the digest out of the headers, as services other than S3 allow and AWS's own vectors have it. */
    readonly tellsDigest?: boolean
  },
): Promise<{ readonly headers: readonly string[]; readonly sessionToken?: string }> {
  const signer = new SignatureV4({
    region,
    service,
    credentials: keys,
    sha256: Sha256,
    // S3 alone takes paths as they are.
    uriEscapePath: !service.startsWith('s3'),
  })
  const bag = new Map<string, string[]>()
  for (const [name, value] of query) bag.set(name, [...(bag.get(name) ?? []), value])
  const signed = await signer.sign(
    {
      method,
      protocol: 'https:',
      hostname: headers['host'] ?? '',
      path,
      query: Object.fromEntries(bag),
      headers: { ...headers, [digestHeader]: payload },
    },
    { signingDate: new Date(at), unsignableHeaders: new Set(tellsDigest ? [] : [digestHeader]) },
  )
  const added = ['x-amz-date', ...(tellsDigest ? [digestHeader] : []), tokenHeader, 'authorization']
  return {
    headers: added.flatMap((name) => {
      const value = signed.headers[name]
      return value === undefined ? [] : [name, value]
    }),
    ...(keys.sessionToken !== undefined && { sessionToken: keys.sessionToken }),
  }
}
