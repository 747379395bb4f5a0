import type { StorageProvider } from '@seamark/core'
import { sharedServer, wireTo } from '@seamark/testing-services'
import { createHash } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { s3Storage } from '../src/index.ts'
import { rawBucket } from './raw-port.ts'
import { on } from './subject.ts'
import { uploadAddressCases } from './upload-address.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
const small = Buffer.from('a body')
const large = Buffer.alloc(6_000_000, 'ab')

async function read(storage: StorageProvider, key: string): Promise<Buffer | undefined> {
  const found = await storage.get(key)
  if (found === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of found.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* inChunks(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.byteLength; at += 100_000) yield data.subarray(at, at + 100_000)
}

describe('what a server gives is found out', () => {
  it('moto: conditional writes of both kinds', async () => {
    const moto = await sharedServer('moto')
    const storage = s3Storage(on(moto, (await rawBucket(moto)).bucket))
    expect(storage.guarantees.conditionalWrite).toEqual({ value: false, proof: 'unproven' })
    await storage.ready()
    expect(storage.guarantees.conditionalWrite).toEqual({ value: true, proof: 'probed' })
  })

  it('radosgw: not at the end of an upload in parts; what is there is kept all the same', async () => {
    const radosgw = await sharedServer('radosgw')
    const storage = s3Storage(on(radosgw, (await rawBucket(radosgw)).bucket))
    await storage.ready()
    expect(storage.guarantees.conditionalWrite).toEqual({ value: false, proof: 'probed' })
    for (const first of [small, large])
      for (const second of [large, small]) {
        const key = `ns/${first.byteLength}-${second.byteLength}`
        expect(await storage.put(key, first, { ifAbsent: true })).toMatchObject({ created: true })
        expect(await storage.put(key, second, { ifAbsent: true })).toMatchObject({
          created: false,
          size: first.byteLength,
        })
        expect(sha256((await read(storage, key)) ?? Buffer.of())).toBe(sha256(first))
      }
  })

  it('where the condition is not kept, a lost race under a content-addressed key is harmless', async () => {
    const radosgw = await sharedServer('radosgw')
    const storage = s3Storage(on(radosgw, (await rawBucket(radosgw)).bucket))
    const about = { ifAbsent: true, size: large.byteLength, sha256: sha256(large) }
    const answers = await Promise.all([1, 2, 3].map(() => storage.put(`ns/${about.sha256}`, inChunks(large), about)))
    for (const answer of answers) expect(answer).toMatchObject({ size: about.size, sha256: about.sha256 })
    expect(sha256((await read(storage, `ns/${about.sha256}`)) ?? Buffer.of())).toBe(about.sha256)
  })
})

describe('what is opened and not read', () => {
  it('holds up no other request, and is read to its end when somebody reads on (radosgw)', async () => {
    const radosgw = await sharedServer('radosgw')
    // Silence alone ends no connection within the test.
    const storage = s3Storage(on(radosgw, (await rawBucket(radosgw)).bucket, { timeoutMs: 600_000 }))
    await storage.put('ns/large', large)
    await storage.put('ns/small', small)
    // More than there are connections.
    const opened = await Promise.all(Array.from({ length: 80 }, () => storage.get('ns/large')))
    expect(await read(storage, 'ns/small')).toEqual(small)
    for (const found of [opened[0], opened[79]]) {
      const digest = createHash('sha256')
      for await (const chunk of found?.body ?? []) digest.update(chunk)
      expect(digest.digest('hex')).toBe(sha256(large))
    }
  })
})

describe('encryption', () => {
  it('with SSE-KMS is set on every object and read back (radosgw)', async () => {
    const radosgw = await sharedServer('radosgw')
    const raw = await rawBucket(radosgw)
    const encryption = { mode: 'aws:kms', keyId: 'testkey-1' } as const
    const storage = s3Storage(on(radosgw, raw.bucket, { encryption }))
    for (const [key, data] of Object.entries({ 'ns/small': small, 'ns/large': large })) {
      await storage.put(key, data)
      expect(await raw.encryptionOf(key)).toEqual({ mode: 'aws:kms', keyId: 'testkey-1' })
      expect(sha256((await read(storage, key)) ?? Buffer.of())).toBe(sha256(data))
    }
  })

  it('with SSE-S3 is set on every object (moto), and a server that ignores it gets no body (radosgw)', async () => {
    const encryption = { mode: 'AES256' } as const
    const moto = await sharedServer('moto')
    const kept = await rawBucket(moto)
    await s3Storage(on(moto, kept.bucket, { encryption })).put('ns/a', small)
    expect(await kept.encryptionOf('ns/a')).toEqual({ mode: 'AES256', keyId: undefined })

    const radosgw = await sharedServer('radosgw')
    const ignored = await rawBucket(radosgw)
    const storage = s3Storage(on(radosgw, ignored.bucket, { encryption }))
    await expect(storage.put('ns/a', small)).rejects.toEqual(code('UNSUPPORTED'))
    expect(await storage.head('ns/a')).toBe(undefined)
  })

  it('unset is what the bucket says (moto)', async () => {
    const moto = await sharedServer('moto')
    const raw = await rawBucket(moto)
    await raw.encryptByDefault('aws:kms', 'bucket-key')
    await s3Storage(on(moto, raw.bucket)).put('ns/a', small)
    expect(await raw.encryptionOf('ns/a')).toEqual({ mode: 'aws:kms', keyId: 'bucket-key' })
  })
})

describe('checksums', () => {
  it('are kept by a server that keeps them (moto)', async () => {
    const moto = await sharedServer('moto')
    const raw = await rawBucket(moto)
    await s3Storage(on(moto, raw.bucket)).put('ns/a', small)
    expect(await raw.checksumOf('ns/a')).toBe(createHash('sha256').update(small).digest('base64'))
  })

  it('a body that changes on the way is refused by the server and sent again (radosgw)', async () => {
    const radosgw = await sharedServer('radosgw')
    const { bucket } = await rawBucket(radosgw)
    const wire = await wireTo(radosgw, ({ method, number }) => (method === 'PUT' && number === 1 ? 'flip' : 'none'))
    onTestFinished(() => wire.close())
    const storage = s3Storage(on(wire.access, bucket))
    expect(await storage.put('ns/a', small)).toMatchObject({ created: true })
    expect(wire.seen.length).toBe(2)
    expect((await read(storage, 'ns/a'))?.equals(small)).toBe(true)
  })

  it('a stream whose digest was announced has it at once, in parts too', async () => {
    const radosgw = await sharedServer('radosgw')
    const storage = s3Storage(on(radosgw, (await rawBucket(radosgw)).bucket))
    await storage.put('ns/a', inChunks(large), { sha256: sha256(large) })
    expect(await storage.head('ns/a')).toEqual({ key: 'ns/a', size: large.byteLength, sha256: sha256(large) })
    await storage.put('ns/b', inChunks(large))
    expect(await storage.head('ns/b')).toEqual({ key: 'ns/b', size: large.byteLength })
  })
})

describe('what failed leaves nothing', () => {
  it('of an upload in parts', async () => {
    const radosgw = await sharedServer('radosgw')
    const raw = await rawBucket(radosgw)
    const storage = s3Storage(on(radosgw, raw.bucket))
    await expect(storage.put('ns/a', inChunks(large), { sha256: '0'.repeat(64) })).rejects.toEqual(code('INTEGRITY'))
    await expect.poll(() => raw.uploads()).toBe(0)
    expect(await storage.head('ns/a')).toBe(undefined)
  })
})

describe('an address for an upload (radosgw)', () => {
  const key = 'ns/uploaded'
  const about = { key, method: 'PUT', size: small.byteLength, sha256: sha256(small) } as const

  uploadAddressCases(async () => {
    const radosgw = await sharedServer('radosgw')
    return s3Storage(on(radosgw, (await rawBucket(radosgw)).bucket))
  })

  it('carries the encryption', async () => {
    const radosgw = await sharedServer('radosgw')
    const raw = await rawBucket(radosgw)
    const encryption = { mode: 'aws:kms', keyId: 'testkey-2' } as const
    const { url, headers } = await s3Storage(on(radosgw, raw.bucket, { encryption })).presign({
      ...about,
      expiresInMs: 60_000,
    })
    expect((await fetch(url, { method: 'PUT', body: new Uint8Array(small), headers })).status).toBe(200)
    expect(await raw.encryptionOf(key)).toEqual({ mode: 'aws:kms', keyId: 'testkey-2' })
  })

  it('is not made without credentials, which is told as everywhere', async () => {
    const credentials = () => Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' }))
    const storage = s3Storage({ bucket: 'bucket', region: 'eu-central-1', credentials })
    for (const method of ['GET', 'PUT'] as const)
      await expect(storage.presign({ ...about, method, expiresInMs: 60_000 })).rejects.toEqual(code('UNAUTHENTICATED'))
  })

  it('is refused without size, digest or a short time', async () => {
    const radosgw = await sharedServer('radosgw')
    const storage = s3Storage(on(radosgw, 'bucket'))
    for (const bad of [
      { key, method: 'PUT', expiresInMs: 60_000, sha256: about.sha256 },
      { key, method: 'PUT', expiresInMs: 60_000, size: 1 },
      { ...about, expiresInMs: 0 },
      { ...about, expiresInMs: 86_400_000 },
      { key: '../x', method: 'GET', expiresInMs: 60_000 },
    ] as const)
      await expect(storage.presign(bad)).rejects.toEqual(code('INVALID_INPUT'))
  })
})
