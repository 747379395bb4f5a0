import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { wireError } from './wire-error.ts'

/** A pair of keys that the endpoint knows. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Set for temporary credentials: every request carries it. */
  readonly sessionToken?: string
}

/** A request as it came, with names of headers in lower case. */
export interface SignedRequest {
  readonly method: string
  /** Path and query as on the request line. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

export interface VerifyOptions {
  readonly region: string
  readonly service: string
  /** The service's clock, epoch milliseconds. */
  readonly now: number
  /** The credentials of an access key id, and whether they have expired. */
  readonly find: (accessKeyId: string) => (AwsCredentials & { readonly expired: boolean }) | undefined
}

/** How far a request's clock may be off. */
const SKEW_MS = 5 * 60_000

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Uint8Array, data: string): Buffer => createHmac('sha256', key).update(data).digest()
const refuse = (message: string): Error => wireError('InvalidSignatureException', message)

/**
 * The access key id of a request whose AWS Signature Version 4 is right, as described in
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html. Errors: those that AWS answers with.
 */
export function verifySignature(request: SignedRequest, options: VerifyOptions): string {
  const { headers } = request
  const authorization = headers['authorization']
  if (authorization === undefined)
    throw wireError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const fields = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    authorization,
  )
  const at = headers['x-amz-date'] ?? ''
  const [accessKeyId = '', date = '', region = '', service = '', end = ''] = fields?.[1]?.split('/') ?? []
  if (fields === null || end !== 'aws4_request' || !/^\d{8}T\d{6}Z$/.test(at))
    throw wireError('IncompleteSignatureException', 'Authorization header or X-Amz-Date is incomplete.')
  const signed = fields[2]?.split(';') ?? []
  const known = options.find(accessKeyId)
  if (known === undefined || (known.sessionToken ?? '') !== (headers['x-amz-security-token'] ?? ''))
    throw wireError('UnrecognizedClientException', 'The security token included in the request is invalid.')
  if (known.expired) throw wireError('ExpiredTokenException', 'The security token included in the request is expired')
  if (region !== options.region) throw refuse('Credential should be scoped to a valid region.')
  if (service !== options.service) throw refuse(`Credential should be scoped to correct service: '${options.service}'.`)
  if (date !== at.slice(0, 8))
    throw refuse('Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.')
  checkClock(at, options.now)
  // What decides the meaning of a request must be under the signature.
  for (const needed of ['host', 'x-amz-date', 'x-amz-target'])
    if (!signed.includes(needed)) throw refuse(`'${needed}' must be a 'SignedHeader' in the AWS Authorization.`)
  const [path = '/', query = ''] = request.target.split('?')
  const canonical = [
    request.method,
    path,
    query.split('&').sort().join('&'),
    ...signed.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signed.join(';'),
    sha256(request.body),
  ].join('\n')
  const scope = [date, region, service, end].join('/')
  const key = [date, region, service, end].reduce<string | Buffer>(hmac, `AWS4${known.secretAccessKey}`)
  const toSign = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n')
  // AWS quotes the request, session token and all: whoever shows this message gives that away.
  if (!timingSafeEqual(hmac(key, toSign), Buffer.from(fields[3] ?? '', 'hex')))
    throw refuse(
      `The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'${canonical}'\n\nThe String-to-Sign should have been\n'${toSign}'\n`,
    )
  return accessKeyId
}

function checkClock(at: string, now: number): void {
  const iso = at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const shown = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const sent = Date.parse(iso)
  if (sent < now - SKEW_MS)
    throw refuse(`Signature expired: ${at} is now earlier than ${shown(now - SKEW_MS)} (${shown(now)} - 5 min.)`)
  if (sent > now + SKEW_MS)
    throw refuse(
      `Signature not yet current: ${at} is still later than ${shown(now + SKEW_MS)} (${shown(now)} + 5 min.)`,
    )
}
