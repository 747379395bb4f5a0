import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const hmac = (key: string | Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const hashed = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** As RFC 3986 has it, of what is encoded already. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * The names of the headers that an AWS Signature Version 4 covers, as Bedrock computes it from the request that came:
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. `undefined` where it is not that of the key.
 */
export function signedHeaders(
  secret: string,
  request: IncomingMessage,
  body: Uint8Array,
): readonly string[] | undefined {
  const { method = '', url = '', headers } = request
  const said = /^AWS4-HMAC-SHA256 Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/
  const [, scope = '', names = '', signature] = said.exec(headers.authorization ?? '') ?? []
  const [path = '', query = ''] = url.split('?')
  const signed = names.split(';')
  const canonical = [
    method,
    path.split('/').map(encoded).join('/'),
    query.split('&').toSorted().join('&'),
    ...signed.map((name) => `${name}:${[headers[name]].flat().join(',').trim().replace(/ +/g, ' ')}`),
    '',
    names,
    hashed(body),
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hashed(canonical)].join('\n')
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`)
  return hmac(key, toSign).toString('hex') === signature ? signed : undefined
}
