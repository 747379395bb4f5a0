/**
 * An `AuditAnchor` that leaves checkpoints in S3 under Object Lock.
 *
 * @module
 */
export type { S3LockAnchorOptions, S3LockCredentials } from './options.ts'
export { s3LockAnchor } from './s3-lock-anchor.ts'
export type { S3LockAnchor } from './s3-lock-anchor.ts'
