import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateBucketCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3'
import { startKms } from '@seamark/testing-aws'
import type { KmsServer } from '@seamark/testing-aws'
import { createRadosgwUser, sharedServer, startPostgres } from '@seamark/testing-services'
import pg from 'pg'

/** The places that the configurations of this folder name, as one deployment would have them, each empty. */
export interface Cloud {
  readonly kms: KmsServer
  /**
   * What the environment of a service says: where everything is, and credentials as AWS's clients look for them. Every
   * call names fresh buckets and a fresh database.
   */
  fresh(dir: string): Promise<Readonly<Record<string, string>>>
  /** Keys of all versions of objects in a bucket. */
  keysIn(bucket: string | undefined): Promise<readonly string[]>
  stop(): Promise<void>
}

export async function startCloud(): Promise<Cloud> {
  const radosgw = await sharedServer('radosgw')
  const kms = await startKms()
  const postgres = await startPostgres()
  const { endpoint, region, credentials } = kms
  await createRadosgwUser(radosgw, `u-${randomUUID()}`, credentials)
  // An address with an IP number needs no name for each bucket: so does the client of the service.
  const s3 = new S3Client({ endpoint: radosgw.endpoint, region, credentials })
  const bucket = async (lock: boolean): Promise<string> => {
    const Bucket = `b-${randomUUID()}`
    await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: lock }))
    return Bucket
  }
  const database = async (): Promise<string> => {
    const url = new URL(postgres.url)
    url.pathname = `/d_${randomUUID().replaceAll('-', '')}`
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(`CREATE DATABASE ${url.pathname.slice(1)}`)
    await client.end()
    return url.href
  }
  return {
    kms,
    async fresh(dir) {
      const urlFile = join(dir, 'database-url')
      writeFileSync(urlFile, await database(), { mode: 0o600 })
      const logKey = kms.createKey('ECC_NIST_EDWARDS25519')
      return {
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_ENDPOINT_URL_S3: radosgw.endpoint,
        AWS_ENDPOINT_URL_KMS: endpoint,
        SEAMARK_BUCKET: await bucket(false),
        SEAMARK_WORM_BUCKET: await bucket(true),
        SEAMARK_LOG_KEY: logKey,
        SEAMARK_LOG_PUBLIC_KEY: String(kms.run('GetPublicKey', { KeyId: logKey })['PublicKey']),
        SEAMARK_DATA_KEY: kms.createKey(),
        SEAMARK_DATABASE_URL_FILE: urlFile,
        SEAMARK_CHECKPOINT_DIR: join(dir, 'checkpoints'),
        SEAMARK_DEPLOYMENT: 'acme-runs',
      }
    },
    async keysIn(Bucket) {
      const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }))
      return Versions.map(({ Key }) => Key ?? '')
    },
    async stop() {
      s3.destroy()
      await kms.close()
      await postgres.stop()
    },
  }
}
