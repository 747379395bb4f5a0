import {
  BucketLocationConstraint,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  ListMultipartUploadsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { S3Access } from '@seamark/testing-services'
import { randomUUID } from 'node:crypto'

/** A bucket as others see it: past the storage under test. */
export interface RawBucket {
  readonly bucket: string
  readonly client: S3Client
  /** Writes the first byte of an object anew, and keeps all that is said of it. */
  damage(key: string): Promise<void>
  encryptionOf(key: string): Promise<{ mode: string | undefined; keyId: string | undefined }>
  checksumOf(key: string): Promise<string | undefined>
  versions(): Promise<readonly string[]>
  uploads(): Promise<number>
  encryptByDefault(mode: 'AES256' | 'aws:kms', keyId?: string): Promise<void>
  setPolicy(policy: object): Promise<void>
  retainByDefault(days: number): Promise<void>
  dispose(): Promise<void>
}

/** A server of the suite, or the account in the environment. */
export type Access = S3Access | { readonly region: string }

function rawClient(access: Access): S3Client {
  if (!('endpoint' in access)) return new S3Client({ region: access.region })
  const { endpoint, region } = access
  return new S3Client({ endpoint, region, credentials: access, forcePathStyle: true })
}

export async function rawBucket(access: Access, options: { readonly lock?: boolean } = {}): Promise<RawBucket> {
  const client = rawClient(access)
  const bucket = `seamark-test-${randomUUID()}`
  await client.send(
    new CreateBucketCommand({
      Bucket: bucket,
      ObjectLockEnabledForBucket: options.lock ?? false,
      ...(!('endpoint' in access) &&
        access.region !== 'us-east-1' && {
          CreateBucketConfiguration: { LocationConstraint: regionOf(access.region) },
        }),
    }),
  )

  async function objects(): Promise<{ Key: string; VersionId: string }[]> {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }))
    return [...Versions, ...DeleteMarkers].map(({ Key = '', VersionId = '' }) => ({ Key, VersionId }))
  }

  return {
    bucket,
    client,
    async damage(key) {
      const there = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
      const bytes = (await there.Body?.transformToByteArray()) ?? new Uint8Array()
      bytes[0] = (bytes[0] ?? 0) ^ 1
      const metadata = there.Metadata ?? {}
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, Metadata: metadata }))
    },
    async encryptionOf(key) {
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
      return { mode: head.ServerSideEncryption, keyId: head.SSEKMSKeyId }
    },
    async checksumOf(key) {
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }))
      return head.ChecksumSHA256
    },
    versions: async () => (await objects()).map(({ Key }) => Key),
    async uploads() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
      return Uploads.length
    },
    async encryptByDefault(mode, keyId) {
      const rule = { SSEAlgorithm: mode, ...(keyId !== undefined && { KMSMasterKeyID: keyId }) }
      await client.send(
        new PutBucketEncryptionCommand({
          Bucket: bucket,
          ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: rule }] },
        }),
      )
    },
    async setPolicy(policy) {
      await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policy) }))
    },
    async retainByDefault(days) {
      await client.send(
        new PutObjectLockConfigurationCommand({
          Bucket: bucket,
          ObjectLockConfiguration: {
            ObjectLockEnabled: 'Enabled',
            Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: days } },
          },
        }),
      )
    },
    async dispose() {
      // What a run leaves on a server of the suite goes with the server.
      if (!('endpoint' in access)) await empty()
      client.destroy()
    },
  }

  async function empty(): Promise<void> {
    for (let there = await objects(); there.length > 0; there = await objects())
      await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: there } }))
    await client.send(new DeleteBucketCommand({ Bucket: bucket }))
  }
}

function regionOf(region: string): BucketLocationConstraint {
  const found = Object.values(BucketLocationConstraint).find((known) => known === region)
  if (found === undefined) throw new Error(`The client does not know the region ${region}.`)
  return found
}
