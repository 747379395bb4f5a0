import { defineConfig } from '@seamark/config'
import { s3Storage } from '@seamark/storage-s3'
import { named } from './named.ts'

/** Blobs in S3. Region and credentials are those that the AWS client finds by itself. */
export default defineConfig({
  storage: s3Storage({ bucket: named('SEAMARK_BUCKET') }),
  require: { storage: { durable: true, verifiedRead: true } },
})
