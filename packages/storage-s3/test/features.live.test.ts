import { describe, expect, it, onTestFinished } from 'vitest'
import { s3Storage } from '../src/index.ts'
import { rawBucket } from './raw-port.ts'
import { uploadAddressCases } from './upload-address.ts'

// In a real account: each case makes a bucket of its own and removes it.
const { AWS_REGION: region } = process.env
if (region === undefined) throw new Error('AWS_REGION says which account and region to use.')

const fresh = async () => {
  const raw = await rawBucket({ region })
  onTestFinished(() => raw.dispose())
  return raw
}

it('conditional writes of both kinds are kept', async () => {
  const storage = s3Storage({ bucket: (await fresh()).bucket, region })
  await storage.ready()
  expect(storage.guarantees.conditionalWrite).toEqual({ value: true, proof: 'probed' })
})

it('encryption is set and read back, or what the bucket says; checksums are kept', async () => {
  const raw = await fresh()
  await s3Storage({ bucket: raw.bucket, region, encryption: { mode: 'AES256' } }).put('ns/set', Buffer.from('a'))
  expect(await raw.encryptionOf('ns/set')).toEqual({ mode: 'AES256', keyId: undefined })
  await raw.encryptByDefault('aws:kms')
  const body = Buffer.from('a body')
  const { sha256 = '' } = await s3Storage({ bucket: raw.bucket, region }).put('ns/default', body)
  expect((await raw.encryptionOf('ns/default')).mode).toBe('aws:kms')
  expect(await raw.checksumOf('ns/default')).toBe(Buffer.from(sha256, 'hex').toString('base64'))
})

it('a wrong region is told, with its place', async () => {
  const elsewhere = region === 'us-east-1' ? 'eu-central-1' : 'us-east-1'
  const storage = s3Storage({ bucket: (await fresh()).bucket, region: elsewhere })
  await expect(storage.put('ns/a', Buffer.from('a'))).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    problems: [{ place: { pointer: '/region' } }],
  })
})

describe('an address for an upload', () => {
  uploadAddressCases(async () => s3Storage({ bucket: (await fresh()).bucket, region }))
})
