import type { StorageProvider } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { createRadosgwUser, radosgwAdmin, sharedServer, wireTo } from '@seamark/testing-services'
import type { Fault, Radosgw, Seen } from '@seamark/testing-services'
import { randomUUID } from 'node:crypto'
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { s3Storage } from '../src/index.ts'
import type { S3Storage } from '../src/index.ts'
import { rawBucket } from './raw-port.ts'
import { on } from './subject.ts'

let radosgw: Radosgw
beforeAll(async () => {
  radosgw = await sharedServer('radosgw')
}, 60_000)
afterEach(() => void vi.restoreAllMocks())

const body = Buffer.from('body')

async function read(storage: StorageProvider, key: string): Promise<string | undefined> {
  const found = await storage.get(key)
  if (found === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of found.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function failure(call: Promise<unknown>) {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isSeamError(error)) throw new Error(`Expected a SeamError, got ${String(error)}`)
  const [problem] = error.problems
  const { code, retryAfterMs } = error
  return { code, retryAfterMs, remedy: problem?.remedy ?? '', pointer: problem?.place?.pointer }
}

/** A storage behind a wire that breaks in the way of `choose`. */
async function behind(choose: (seen: Seen) => Fault, more: Parameters<typeof on>[2] = {}) {
  const raw = await rawBucket(radosgw)
  const wire = await wireTo(radosgw, choose)
  onTestFinished(() => wire.close())
  return { raw, wire, storage: s3Storage(on(wire.access, raw.bucket, more)) }
}

async function newUser(): Promise<{ uid: string; accessKeyId: string; secretAccessKey: string }> {
  const user = { uid: `u${randomUUID()}`, accessKeyId: randomUUID(), secretAccessKey: randomUUID() }
  await createRadosgwUser(radosgw, user.uid, user)
  return user
}

describe('a wrong option', () => {
  it('bucket: NOT_FOUND in every method, never an absent key', async () => {
    const storage = s3Storage(on(radosgw, 'no-such-bucket'))
    for (const call of [
      () => storage.head('ns/a'),
      () => storage.get('ns/a'),
      () => storage.put('ns/a', body),
      () => storage.put('ns/a', body, { ifAbsent: true }),
      () => storage.list('')[Symbol.asyncIterator]().next(),
    ])
      expect(await failure(call())).toMatchObject({ code: 'NOT_FOUND', pointer: '/bucket' })
  })

  it('endpoint where nothing listens: UNAVAILABLE', async () => {
    const storage = s3Storage({ ...on(radosgw, 'b'), endpoint: 'http://127.0.0.1:9', attempts: 2 })
    expect(await failure(storage.head('ns/a'))).toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('region: INVALID_INPUT with the region of the bucket, as AWS answers it', async () => {
    const headers = { 'x-amz-bucket-region': 'eu-central-1' }
    for (const [status, code] of [
      [301, 'PermanentRedirect'],
      [400, 'AuthorizationHeaderMalformed'],
    ] as const) {
      const { storage, wire } = await behind(() => ({ status, code, headers }))
      for (const call of [() => storage.head('ns/a'), () => storage.put('ns/a', body)])
        expect(await failure(call())).toMatchObject({ code: 'INVALID_INPUT', pointer: '/region' })
      // Nothing of it passes by waiting: one request, and one more to learn why HEAD failed.
      expect(wire.seen.length).toBe(3)
    }
  })

  it('region that nobody gave: INVALID_INPUT that says so', async () => {
    vi.stubEnv('AWS_REGION', '')
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { region: _, ...nowhere } = on(radosgw, 'b')
    expect((await failure(s3Storage(nowhere).put('ns/a', body))).remedy).toContain('region')
  })

  it('secret: UNAUTHENTICATED, also of a HEAD, whose answer says nothing', async () => {
    const { bucket } = await rawBucket(radosgw)
    const credentials = { accessKeyId: 'test', secretAccessKey: 'wrong' }
    const storage = s3Storage(on(radosgw, bucket, { credentials }))
    expect(await failure(storage.head('ns/a'))).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await failure(storage.put('ns/a', body))).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('key of KMS: refused before a body is sent', async () => {
    const { bucket, versions } = await rawBucket(radosgw)
    const encryption = { mode: 'aws:kms', keyId: 'no-such-key' } as const
    await failure(s3Storage(on(radosgw, bucket, { encryption })).put('ns/a', body))
    expect(await versions()).toEqual([])
  })
})

describe('a missing permission', () => {
  it('for one call is FORBIDDEN, and the remedy has the line of the policy', async () => {
    const { uid, ...credentials } = await newUser()
    const raw = await rawBucket(radosgw)
    await s3Storage(on(radosgw, raw.bucket)).put('ns/a', body)
    const calls = {
      's3:GetObject': (from: S3Storage) => read(from, 'ns/a'),
      's3:PutObject': (to: S3Storage) => to.put('ns/b', body),
      's3:ListBucket': (of: S3Storage) => of.list('')[Symbol.asyncIterator]().next(),
      's3:DeleteObject': (of: S3Storage) => of.delete('ns/b'),
    }
    const before = s3Storage(on(radosgw, raw.bucket, { credentials }))
    for (const missing of Object.keys(calls)) {
      const allowed = Object.keys(calls).filter((action) => action !== missing)
      await raw.setPolicy({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: [`arn:aws:iam:::user/${uid}`] },
            Action: allowed,
            Resource: [`arn:aws:s3:::${raw.bucket}`, `arn:aws:s3:::${raw.bucket}/*`],
          },
        ],
      })
      const storage = s3Storage(on(radosgw, raw.bucket, { credentials }))
      for (const [action, call] of Object.entries(calls)) {
        if (action !== missing) {
          await call(storage)
          await call(before)
          continue
        }
        const { code, remedy } = await failure(call(storage))
        expect(code).toBe('FORBIDDEN')
        // What was allowed until now is waited for, with the same remedy.
        if (action !== 's3:GetObject')
          expect(await failure(call(before))).toMatchObject({ code: 'UNAVAILABLE', remedy })
        const resource = `arn:aws:s3:::${raw.bucket}${action === 's3:ListBucket' ? '' : '/*'}`
        expect(remedy).toContain(JSON.stringify({ Effect: 'Allow', Action: action, Resource: resource }))
      }
    }
  })
})

describe('credentials', () => {
  it('that are exchanged in mid-run are asked for again, and nothing fails', async () => {
    const { uid, ...first } = await newUser()
    let current = first
    const raw = await rawBucket(radosgw)
    await raw.setPolicy({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: [`arn:aws:iam:::user/${uid}`] },
          Action: 's3:*',
          Resource: [`arn:aws:s3:::${raw.bucket}`, `arn:aws:s3:::${raw.bucket}/*`],
        },
      ],
    })
    const storage = s3Storage(on(radosgw, raw.bucket, { credentials: async () => current }))
    await storage.put('ns/a', body)
    await radosgwAdmin(radosgw, 'key', 'rm', '--key-type=s3', `--access-key=${first.accessKeyId}`)
    // They were good: whoever has a product in hand waits for new ones. Who begins with them is told at once.
    expect(await failure(storage.put('ns/b', body))).toMatchObject({ code: 'UNAVAILABLE' })
    const late = s3Storage(on(radosgw, raw.bucket, { credentials: async () => current }))
    expect(await failure(late.put('ns/b', body))).toMatchObject({ code: 'UNAUTHENTICATED' })

    const second = { accessKeyId: randomUUID(), secretAccessKey: randomUUID() }
    const keys = [`--access-key=${second.accessKeyId}`, `--secret=${second.secretAccessKey}`]
    await radosgwAdmin(radosgw, 'key', 'create', `--uid=${uid}`, '--key-type=s3', ...keys)
    current = second
    expect(await storage.put('ns/b', body)).toMatchObject({ created: true })
    expect(await read(storage, 'ns/a')).toBe('body')
  })

  it('that expired, as AWS answers it: asked for again once, and UNAUTHENTICATED where that does not help', async () => {
    let expired = true
    let asked = 0
    const { storage } = await behind(
      ({ method }) => (expired && method === 'PUT' ? { status: 400, code: 'ExpiredToken' } : 'none'),
      {
        credentials: async () => {
          asked += 1
          if (asked === 4) expired = false
          return { accessKeyId: 'test', secretAccessKey: 'testsecret' }
        },
      },
    )
    expect(await failure(storage.put('ns/a', body))).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(asked).toBe(2)
    asked = 3
    expect(await storage.put('ns/a', body)).toMatchObject({ created: true })
  })
})

describe('a clock that is 20 minutes off', () => {
  const offBy = (minutes: number): void => {
    const right = Date.now.bind(Date)
    vi.spyOn(Date, 'now').mockImplementation(() => right() + minutes * 60_000)
  }

  it.each([20, -20])('by %i minutes is made up for by what the server says', async (minutes) => {
    const { bucket } = await rawBucket(radosgw)
    offBy(minutes)
    const storage = s3Storage(on(radosgw, bucket))
    expect(await storage.put('ns/a', body)).toMatchObject({ created: true })
    expect(await read(storage, 'ns/a')).toBe('body')
    const { url } = await storage.presign({ key: 'ns/a', method: 'GET', expiresInMs: 60_000 })
    expect(await (await fetch(url)).text()).toBe('body')
  })

  it('is told apart from a denial where that does not help', async () => {
    const { storage } = await behind(() => ({ status: 403, code: 'RequestTimeTooSkewed' }), { attempts: 2 })
    expect(await failure(storage.put('ns/a', body))).toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('throttling', () => {
  it('that does not pass is LIMIT_EXCEEDED after the tries, never a denial', async () => {
    const { storage, wire } = await behind(() => ({ status: 503, code: 'SlowDown' }), { attempts: 3 })
    // With a time after which to ask again: without one it would be a limit of the caller's own.
    expect(await failure(storage.put('ns/a', body))).toMatchObject({ code: 'LIMIT_EXCEEDED', retryAfterMs: 10_000 })
    expect(wire.seen.length).toBe(3)
  })
})

describe('a bucket that retains by itself', () => {
  it('takes, gives, and deletes by a marker; what was deleted stays as a version', async () => {
    const raw = await rawBucket(radosgw, { lock: true })
    await raw.retainByDefault(1)
    const storage = s3Storage(on(radosgw, raw.bucket))
    await storage.put('ns/a', body)
    await storage.put('ns/large', Buffer.alloc(6_000_000, 7))
    await storage.delete('ns/a')
    await storage.delete('ns/a')
    expect(await storage.head('ns/a')).toBe(undefined)
    expect(await storage.put('ns/a', Buffer.from('again'), { ifAbsent: true })).toMatchObject({ created: true })
    expect(await read(storage, 'ns/a')).toBe('again')
    expect((await raw.versions()).filter((key) => key === 'ns/a').length).toBeGreaterThanOrEqual(3)
  })
})

describe('an object that changes while it is read', () => {
  const bytes = 12_000_000

  /** Reads an object through a wire, which is another one as soon as the first of its bytes are there. */
  async function readChanging(first: Fault): Promise<{ size: number; seen: Set<number>; reading: Promise<void> }> {
    let gets = 0
    const { raw, storage } = await behind(({ method }) => (method === 'GET' && gets++ === 0 ? first : 'none'))
    const other = s3Storage(on(radosgw, raw.bucket))
    await other.put('ns/a', Buffer.alloc(bytes, 1))
    const found = await storage.get('ns/a')
    const told = { size: 0, seen: new Set<number>() }
    const reading = (async () => {
      for await (const chunk of found?.body ?? []) {
        if (told.size === 0) await other.put('ns/a', Buffer.alloc(bytes, 2))
        told.size += chunk.byteLength
        for (const byte of [chunk[0] ?? 0, chunk.at(-1) ?? 0]) told.seen.add(byte)
      }
    })()
    // Only its end: what it came to is for each test to say.
    await Promise.allSettled([reading])
    return { ...told, reading }
  }

  it('is read as it was, in an answer that had begun, or ends it where the server does', async () => {
    const { reading, size, seen } = await readChanging('none')
    const whole = await reading.then(
      () => size,
      async () => expect(await failure(reading)).toMatchObject({ code: 'UNAVAILABLE' }),
    )
    expect([bytes, undefined]).toContain(whole)
    expect([...seen]).toEqual([1])
  })

  it('ends the read where it has to be asked for again, which never mixes two', async () => {
    const { reading, seen } = await readChanging('cut-answer')
    expect(await failure(reading)).toMatchObject({ code: 'UNAVAILABLE' })
    expect([...seen]).toEqual([1])
  })
})
