import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { awsKeys } from '../src/aws-keys.ts'
import { mayBeSigned } from '../src/rules.ts'
import { payloadOf, signableOf } from '../src/signing.ts'
import { signV4 } from '../src/sigv4-port.ts'

// Published by AWS: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const host = 'examplebucket.s3.amazonaws.com'
const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const at = Date.parse('2013-05-24T00:00:00Z')

interface Vector {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly sessionToken?: string
  readonly signature: string
}

interface Suite {
  readonly region: string
  readonly service: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly at: string
  readonly host: string
  readonly cases: readonly Vector[]
}

const suite: Suite = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/aws-sig-v4.json'), 'utf8'))

const signatureOf = async (
  request: Partial<Parameters<typeof signV4>[0]>,
  more: Partial<Parameters<typeof signV4>[1]> = {},
) => {
  const { headers } = await signV4(
    { method: 'GET', path: '/', query: [], headers: { host }, payload: nothing, ...request },
    { region: 'us-east-1', service: 's3', keys, at, ...more },
  )
  return { headers, signature: /Signature=([0-9a-f]{64})$/.exec(headers.at(-1) ?? '')?.[1] }
}

const withoutLength = {
  host: 's3.amazonaws.com',
  'content-encoding': 'aws-chunked',
  'x-amz-decoded-content-length': '66560',
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
}
const inPieces = {
  method: 'PUT',
  path: '/examplebucket/chunkObject.txt',
  headers: { ...withoutLength, 'content-length': '66824' },
}

describe("AWS's published signatures", () => {
  it.each([
    [
      'GET object with a range',
      { path: '/test.txt', headers: { host, range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'GET bucket lifecycle',
      { query: [['lifecycle', '']] as const },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'list objects',
      {
        query: [
          ['prefix', 'J'],
          ['max-keys', '2'],
        ] as const,
      },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
    // docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, and its page on trailers. The example without pieces signs `Date`,
    // which is never signed here.
    [
      'PUT object, in pieces',
      { ...inPieces, payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    ],
    [
      'PUT object, in pieces with a trailer',
      {
        ...inPieces,
        headers: { ...withoutLength, 'x-amz-trailer': 'x-amz-checksum-crc32c' },
        payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      },
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    ],
  ])('are made for: %s', async (_, request, signature) => {
    expect((await signatureOf(request)).signature).toBe(signature)
  })

  // The suite says nothing of the digest's header.
  it.each(suite.cases.map((each) => [each.name, each] as const))('are made for its suite: %s', async (_, each) => {
    const { accessKeyId, secretAccessKey, region, service } = suite
    const { method, path, query, headers, body = '', sessionToken, signature } = each
    const signed = await signatureOf(
      { method, path, query, headers: { ...headers, host: suite.host }, payload: sha256Hex(Buffer.from(body)) },
      {
        region,
        service,
        keys: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
        at: Date.parse(suite.at),
        tellsDigest: false,
      },
    )
    expect(signed.signature).toBe(signature)
  })
})

it('signs a session token with the rest, and adds it', async () => {
  const session = { ...keys, sessionToken: 'a-session-token-0123' }
  const { headers, signature } = await signatureOf({}, { keys: session })
  expect(headers.slice(0, -2)).toEqual([
    'x-amz-date',
    '20130524T000000Z',
    'x-amz-content-sha256',
    nothing,
    'x-amz-security-token',
    'a-session-token-0123',
  ])
  expect(headers.at(-1)).toContain('SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,')
  expect(signature).not.toBe((await signatureOf({})).signature)
})

describe('keys', () => {
  const json = (value: object) => Buffer.from(JSON.stringify(value))
  const pair = { AccessKeyId: keys.accessKeyId, SecretAccessKey: keys.secretAccessKey }

  it('are read as credential_process gives them', () => {
    const expires = new Date(at + 1).toISOString()
    expect(awsKeys('aws', json({ Version: 1, ...pair, SessionToken: 'a-token-01', Expiration: expires }), at)).toEqual({
      ...keys,
      sessionToken: 'a-token-01',
    })
  })

  it.each([
    ['no JSON', Buffer.from(keys.secretAccessKey)],
    ['no key', json({ AccessKeyId: keys.accessKeyId })],
    ['a line end in the key', json({ ...pair, SecretAccessKey: `${keys.secretAccessKey}\r\nx: y` })],
    ['another version', json({ ...pair, Version: 2 })],
    ['keys that are over', json({ ...pair, Expiration: new Date(at).toISOString() })],
  ])('are refused, and not repeated: %s', (_, value) => {
    let error: unknown
    try {
      awsKeys('aws', value, at)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('EXAMPLEKEY')
  })
})

describe('what may be signed', () => {
  const rules = [
    { host: 'api.example', mode: 'endpoint', methods: ['GET'], paths: ['/stage/*'], inject: 'aws' },
    { host: 'api.example', port: 8443, mode: 'intercept', paths: ['/*'], inject: 'aws' },
    { host: 'other.example', mode: 'endpoint', paths: ['/*'], inject: 'other' },
    { host: 'open.example', mode: 'endpoint', paths: ['/*'] },
  ] as const
  const may = (more: Partial<Parameters<typeof mayBeSigned>[2]>, name = 'aws') =>
    mayBeSigned(rules, name, {
      method: 'GET',
      path: '/stage/x',
      query: [],
      headers: { host: 'api.example' },
      payload: nothing,
      ...more,
    })

  it('is what a rule of the attempt allows with that secret, on the host that is signed', () => {
    expect(may({})).toBe(true)
    expect(may({ method: 'POST', headers: { host: 'api.example:8443' } })).toBe(true)
    expect(may({ headers: { host: 'other.example' } }, 'other')).toBe(true)
  })

  it.each([
    ['another method', { method: 'DELETE' }],
    ['another path', { path: '/admin' }],
    ['a path that can be read as another one', { path: '/stage/../admin' }],
    ['the host of another secret', { headers: { host: 'other.example' } }],
    ['a host of a rule without a secret', { headers: { host: 'open.example' } }],
    ['a host of no rule', { headers: { host: 'iam.amazonaws.com' } }],
    ['two hosts', { headers: { host: 'api.example,iam.amazonaws.com' } }],
    ['no host', { headers: {} }],
    ['what copies from another path', { headers: { host: 'api.example', 'x-amz-copy-source': '/admin' } }],
    ['what renames from another path', { headers: { host: 'api.example', 'x-amz-rename-source': '/admin' } }],
    ['what copies by its query', { query: [['X-Amz-Copy-Source', '/admin']] as const }],
  ])('is not %s', (_, more) => {
    expect(may(more)).toBe(false)
  })
})

describe('a request as it is signed', () => {
  const target = (query: string) => ({ path: '/a', query })
  const authority = { host: 'api.example', port: 443 }
  const of = (query: string, sent: readonly string[] = []) =>
    signableOf({ method: 'GET', authority, target: target(query), sent }, nothing)

  it('has each query once and in one spelling, without what the program signed', () => {
    const { target: sent, request } = of(
      '?b=1&a=x+y%20z&a=%2F&c&continuation-token=t&X-Amz-Signature=0&x-amz-credential=c&Expires=1',
    )
    expect(sent).toBe('/a?b=1&a=x%20y%20z&a=%2F&c=&continuation-token=t')
    expect(request.query).toEqual([
      ['b', '1'],
      ['a', 'x y z'],
      ['a', '/'],
      ['c', ''],
      ['continuation-token', 't'],
    ])
  })

  it('has the headers that AWS reads, repeated ones as one', () => {
    const { request } = of('', [
      'X-Amz-Meta-A',
      '1',
      'Content-Type',
      'text/plain',
      'x-amz-meta-a',
      '2',
      'Accept',
      '*/*',
    ])
    expect(request.headers).toEqual({ host: 'api.example', 'x-amz-meta-a': '1,2', 'content-type': 'text/plain' })
  })

  it.each([
    [[], false, 'whole'],
    [[], true, { digest: 'UNSIGNED-PAYLOAD' }],
    [[nothing], false, { digest: nothing }],
    [['UNSIGNED-PAYLOAD'], false, 'whole'],
    [['STREAMING-UNSIGNED-PAYLOAD-TRAILER'], true, { digest: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }],
    [['STREAMING-UNSIGNED-PAYLOAD-TRAILER'], false, undefined],
    [['STREAMING-AWS4-HMAC-SHA256-PAYLOAD'], true, undefined],
    [[nothing, nothing], true, undefined],
  ])('has the body as %j says (unsigned: %s)', (said, unsigned, payload) => {
    expect(
      payloadOf(
        said.flatMap((value) => ['X-Amz-Content-Sha256', value]),
        { unsigned },
      ),
    ).toEqual(payload)
  })
})
