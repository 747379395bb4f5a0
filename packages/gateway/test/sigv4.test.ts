import { describe, expect, it } from 'vitest'
import { awsKeys } from '../src/aws-keys.ts'
import { signV4 } from '../src/sigv4-port.ts'

// Published by AWS: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const host = 'examplebucket.s3.amazonaws.com'
const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const at = Date.parse('2013-05-24T00:00:00Z')

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
  ])('are made for: %s', async (_, request, signature) => {
    expect((await signatureOf(request)).signature).toBe(signature)
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
