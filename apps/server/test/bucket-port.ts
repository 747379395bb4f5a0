import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3StorageOptions } from '@seamark/storage-s3'
import type { S3Access } from '@seamark/testing-services'
import { randomUUID } from 'node:crypto'

/** Makes a bucket; what a storage in it is made with. */
export async function newBucket({
  endpoint,
  region,
  accessKeyId,
  secretAccessKey,
}: S3Access): Promise<S3StorageOptions> {
  const bucket = `seamark-test-${randomUUID()}`
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
  return { bucket, endpoint, region, pathStyle: true, credentials }
}
