/**
 * A `StorageProvider` on S3 and servers that speak its protocol.
 *
 * @module
 */
export type { S3Credentials, S3StorageOptions } from './options.ts'
export type { S3Encryption } from './port.ts'
export { s3Storage } from './s3-storage.ts'
export type { S3Storage } from './s3-storage.ts'
