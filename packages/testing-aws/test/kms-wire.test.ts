import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startKms } from '../src/index.ts'
import type { KmsServer } from '../src/index.ts'
import { clientOf, CreateKeyCommand, ListKeysCommand } from './kms-client-port.ts'
import type { KMSClient } from './kms-client-port.ts'

let skewMs = 0
let kms: KmsServer
let clients: KMSClient[]
beforeEach(async () => {
  skewMs = 0
  clients = []
  kms = await startKms({ now: () => Date.now() + skewMs })
})
afterEach(async () => {
  for (const client of clients) client.destroy()
  await kms.close()
})
function client(more: Parameters<typeof clientOf>[1] = {}, server: Parameters<typeof clientOf>[0] = kms): KMSClient {
  const made = clientOf(server, more)
  clients.push(made)
  return made
}
const list = (by: KMSClient) =>
  by.send(new ListKeysCommand({})).then(
    ({ $metadata }) => `ok ${$metadata.httpStatusCode}`,
    (error: unknown) => {
      const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } }
      return `${name} ${$metadata?.httpStatusCode}`
    },
  )

describe('signatures of requests', () => {
  it('count only with the right secret, key id, token, region and clock', async () => {
    const { credentials } = kms
    expect(await list(client())).toBe('ok 200')
    expect(await list(client({ credentials: { ...credentials, secretAccessKey: 'wrong' } }))).toBe(
      'InvalidSignatureException 400',
    )
    expect(await list(client({ credentials: { ...credentials, accessKeyId: 'AKIAWRONG' } }))).toBe(
      'UnrecognizedClientException 400',
    )
    expect(await list(client({ credentials: { ...credentials, sessionToken: 'wrong' } }))).toBe(
      'UnrecognizedClientException 400',
    )
    expect(await list(client({ region: 'eu-west-1' }))).toBe('InvalidSignatureException 400')
    for (const off of [-20, 20]) {
      skewMs = off * 60_000
      expect(await list(client())).toBe('InvalidSignatureException 400')
    }
    skewMs = 4 * 60_000
    expect(await list(client())).toBe('ok 200')
  })

  it('are found wrong when anything signed is changed on the way', async () => {
    const sent: { headers: Record<string, string>; body: string }[] = []
    const spy = client()
    spy.middlewareStack.add(
      (next) => async (args) => {
        const { request: signed } = args as { request: { headers: Record<string, string>; body: Uint8Array } }
        sent.push({ headers: signed.headers, body: Buffer.from(signed.body).toString() })
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    await spy.send(new CreateKeyCommand({ Description: 'one' }))
    const { headers, body } = sent[0] ?? expect.fail('nothing was sent')
    const post = (change: { headers?: Record<string, string>; body?: string; path?: string }) =>
      new Promise<string>((resolve, reject) => {
        const url = new URL(change.path ?? '/', kms.endpoint)
        const outgoing = request(url, { method: 'POST', headers: { ...headers, ...change.headers } }, (response) => {
          let text = ''
          response.on('data', (chunk) => (text += String(chunk)))
          response.on('end', () => resolve(response.statusCode === 200 ? 'ok' : String(JSON.parse(text).__type)))
        })
        outgoing.on('error', reject)
        outgoing.end(change.body ?? body)
      })
    expect(await post({})).toBe('ok')
    const signature = 'InvalidSignatureException'
    expect(await post({ body: body.replace('one', 'two') })).toBe(signature)
    expect(await post({ path: '/?a=b' })).toBe(signature)
    expect(await post({ headers: { 'x-amz-target': 'TrentService.ListKeys' } })).toBe(signature)
    const later = headers['x-amz-date']?.replace(/\dZ$/, (end) => (end === '0Z' ? '1Z' : '0Z')) ?? ''
    expect(await post({ headers: { 'x-amz-date': later } })).toBe(signature)
    expect(await post({ headers: { authorization: 'AWS4-HMAC-SHA256 nonsense' } })).toBe('IncompleteSignatureException')
    expect(
      await post({
        headers: { authorization: headers['authorization']!.replace(/.$/, (c) => (c === '0' ? '1' : '0')) },
      }),
    ).toBe(signature)
  })

  it('of temporary credentials end when they expire', async () => {
    const credentials = kms.addCredentials({ temporary: true })
    const by = client({ credentials })
    expect(await list(by)).toBe('ok 200')
    kms.expire(credentials.accessKeyId)
    expect(await list(by)).toBe('ExpiredTokenException 400')
  })

  it('let the client correct its clock, as it does with AWS', async () => {
    skewMs = 20 * 60_000
    const by = client()
    expect(await list(by)).toBe('InvalidSignatureException 400')
    expect(await list(by)).toBe('ok 200')
  })
})

describe('faults', () => {
  it.each([
    ['throttle', 'ThrottlingException 400'],
    ['internal', 'KMSInternalException 500'],
    ['dependency-timeout', 'DependencyTimeoutException 500'],
    ['key-unavailable', 'KeyUnavailableException 500'],
  ] as const)('%s is %s, once', async (kind, expected) => {
    const by = client()
    kms.fail({ kind })
    expect(await list(by)).toBe(expected)
    expect(await list(by)).toBe('ok 200')
  })

  it.each(['reset', 'lost-answer', 'cut-answer', 'garbage', 'proxy-error'] as const)(
    '%s is a failure and no answer',
    async (kind) => {
      const by = client()
      kms.fail({ kind })
      expect(await list(by)).not.toMatch(/^ok/)
      expect(await list(by)).toBe('ok 200')
    },
  )

  it('that lose the answer leave what was done', async () => {
    const by = client()
    kms.fail({ kind: 'lost-answer', operation: 'CreateKey' })
    await expect(by.send(new CreateKeyCommand({}))).rejects.toBeDefined()
    expect((await by.send(new ListKeysCommand({}))).Keys).toHaveLength(1)
  })

  it('that hang end with the time-out of the client', async () => {
    kms.fail({ kind: 'hang' })
    expect(await list(client({ requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true } }))).toMatch(
      /^TimeoutError/,
    )
  })

  it('come as often as was asked, for the operation that was named, and can be taken back', async () => {
    const by = client()
    kms.fail({ kind: 'throttle', operation: 'Sign' })
    expect(await list(by)).toBe('ok 200')
    kms.fail({ kind: 'throttle', times: 2 })
    expect([await list(by), await list(by), await list(by)]).toEqual([
      'ThrottlingException 400',
      'ThrottlingException 400',
      'ok 200',
    ])
    const undo = kms.fail({ kind: 'internal', times: Infinity })
    expect(await list(by)).toBe('KMSInternalException 500')
    undo()
    expect(await list(by)).toBe('ok 200')
    expect(kms.calls.filter(({ error }) => error === 'ThrottlingException')).toHaveLength(2)
  })

  it('are ridden out by the retries of the client', async () => {
    kms.fail({ kind: 'throttle', times: 2 })
    expect(await list(client({ maxAttempts: 3 }))).toBe('ok 200')
  })
})

it('names every answer with a request id', async () => {
  const { $metadata } = await client().send(new ListKeysCommand({}))
  expect($metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
})
