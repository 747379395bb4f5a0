import {
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { sha256 } from '@seamark/kit'
import { awsFailure, notTheService } from '@seamark/kit/aws'
import type { S3LockAnchorOptions } from './options.ts'
import type { LockPort, VersionFacts } from './port.ts'

/** The port over AWS's client. One request for each call: trying again is not its business. */
export function awsPort(options: S3LockAnchorOptions): LockPort {
  const { bucket } = options
  const timeoutMs = options.timeoutMs ?? 30_000
  let client: S3Client | undefined
  const s3 = (): S3Client =>
    (client ??= new S3Client({
      ...(options.region !== undefined && { region: options.region }),
      ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
      ...(options.credentials !== undefined && { credentials: options.credentials }),
      forcePathStyle: options.pathStyle ?? false,
      maxAttempts: 1,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: Math.min(timeoutMs, 10_000), socketTimeout: timeoutMs },
    }))
  const sending = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal })

  return {
    async versioned() {
      const { Status } = await s3().send(new GetBucketVersioningCommand({ Bucket: bucket }))
      return Status === 'Enabled'
    },

    lockable: () =>
      s3()
        .send(new GetObjectLockConfigurationCommand({ Bucket: bucket }))
        .then(
          (answer) => {
            if (answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled') return true
            // A bucket without it is an error of its own.
            throw notTheService('Asking for locks')
          },
          (error: unknown) => {
            if (awsFailure(error).code === 'ObjectLockConfigurationNotFoundError') return false
            throw error
          },
        ),

    async putLocked(key, { bytes, retainUntil, legalHold }, signal) {
      const { VersionId } = await s3().send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: bytes,
          ContentType: 'text/plain; charset=utf-8',
          ChecksumAlgorithm: 'SHA256',
          ChecksumSHA256: Buffer.from(sha256(bytes)).toString('base64'),
          ObjectLockMode: 'COMPLIANCE',
          ObjectLockRetainUntilDate: new Date(retainUntil),
          ...(legalHold && { ObjectLockLegalHoldStatus: 'ON' }),
        }),
        sending(signal),
      )
      return VersionId
    },

    async extend(key, versionId, retainUntil, signal) {
      await s3().send(
        new PutObjectRetentionCommand({
          Bucket: bucket,
          Key: key,
          VersionId: versionId,
          Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date(retainUntil) },
        }),
        sending(signal),
      )
    },

    async get(key, versionId, signal) {
      const answer = await s3().send(
        new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
        sending(signal),
      )
      if (answer.ETag === undefined) throw notTheService(`Reading ${key}`)
      return {
        bytes: (await answer.Body?.transformToByteArray()) ?? new Uint8Array(),
        mode: answer.ObjectLockMode,
        retainUntil: answer.ObjectLockRetainUntilDate?.getTime(),
        legalHold: answer.ObjectLockLegalHoldStatus === 'ON',
        storedAt: answer.LastModified?.getTime(),
      }
    },

    async *versions(prefix, signal) {
      let after: { KeyMarker: string; VersionIdMarker?: string } | undefined
      do {
        const answer = await s3().send(
          new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...after }),
          sending(signal),
        )
        if (answer.Name === undefined) throw notTheService(`Listing ${prefix}`)
        yield* inOrder(answer.Versions ?? [], answer.DeleteMarkers ?? [])
        const { NextKeyMarker, NextVersionIdMarker } = answer
        after =
          answer.IsTruncated === true && NextKeyMarker !== undefined
            ? {
                KeyMarker: NextKeyMarker,
                ...(NextVersionIdMarker !== undefined && { VersionIdMarker: NextVersionIdMarker }),
              }
            : undefined
      } while (after !== undefined)
    },

    renew() {
      client?.destroy()
      client = undefined
    },
  }
}

interface Listed {
  readonly Key?: string | undefined
  readonly VersionId?: string | undefined
  readonly LastModified?: Date | undefined
}

/** The two lists of a page, each in the order of the server, as one: by key, of a key the newest first. */
function* inOrder(versions: readonly Listed[], markers: readonly Listed[]): Generator<VersionFacts> {
  const facts = ({ Key = '', VersionId = '' }: Listed, marker: boolean): VersionFacts => ({
    key: Key,
    versionId: VersionId,
    marker,
  })
  let at = 0
  for (const version of versions) {
    for (; at < markers.length; at++) {
      const marker = markers[at]
      if (marker === undefined || !isBefore(marker, version)) break
      yield facts(marker, true)
    }
    yield facts(version, false)
  }
  for (const marker of markers.slice(at)) yield facts(marker, true)
}

function isBefore(one: Listed, other: Listed): boolean {
  if (one.Key !== other.Key) return (one.Key ?? '') < (other.Key ?? '')
  return (one.LastModified?.getTime() ?? 0) >= (other.LastModified?.getTime() ?? 0)
}
