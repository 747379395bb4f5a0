import {
  BucketLocationConstraint,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { awsFailure } from '@seamark/kit/aws'
import type { S3Access } from '@seamark/testing-services'
import { randomUUID } from 'node:crypto'

/**
 * What an attacker who has all rights on a bucket can try, on a server of the suite or in the account in the
 * environment. Each resolves with `done`, or the code of the refusal.
 */
export function attacker(access: S3Access | { readonly region: string }) {
  const { region } = access
  const client = new S3Client({
    region,
    maxAttempts: 1,
    ...('endpoint' in access && { endpoint: access.endpoint, credentials: access, forcePathStyle: true }),
  })
  // AWS makes a bucket in its first region only where none is named.
  const there = Object.values(BucketLocationConstraint).find((known) => known === region)
  const outcome = (attack: Promise<unknown>): Promise<string> =>
    attack.then(
      () => 'done',
      (error: unknown) => awsFailure(error).code || 'refused',
    )
  type At = { readonly bucket: string; readonly key: string; readonly versionId: string }
  const version = ({ bucket, key, versionId }: At) => ({ Bucket: bucket, Key: key, VersionId: versionId })

  return {
    async bucket({ lock = false, versioned = false }: { lock?: boolean; versioned?: boolean }): Promise<string> {
      const Bucket = `b-${randomUUID()}`
      await client.send(
        new CreateBucketCommand({
          Bucket,
          ObjectLockEnabledForBucket: lock,
          ...(!('endpoint' in access) &&
            region !== 'us-east-1' &&
            there !== undefined && { CreateBucketConfiguration: { LocationConstraint: there } }),
        }),
      )
      if (versioned && !lock)
        await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
      return Bucket
    },
    removeBucket: (Bucket: string) => client.send(new DeleteBucketCommand({ Bucket })),
    retainByDefault: (Bucket: string, Mode: 'COMPLIANCE' | 'GOVERNANCE', Days: number) =>
      client.send(
        new PutObjectLockConfigurationCommand({
          Bucket,
          ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode, Days } } },
        }),
      ),
    setPolicy: (Bucket: string, policy: object) =>
      client.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) })),
    overwrite: ({ bucket, key }: Omit<At, 'versionId'>, text: string) =>
      outcome(client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text }))),
    putLocked: (
      { bucket, key }: Omit<At, 'versionId'>,
      text: string,
      { mode, until }: { readonly mode: 'COMPLIANCE' | 'GOVERNANCE'; readonly until: Date },
    ) =>
      outcome(
        client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: text,
            ObjectLockMode: mode,
            ObjectLockRetainUntilDate: until,
          }),
        ),
      ),
    mark: ({ bucket, key }: At) => outcome(client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))),
    remove: (at: At) => outcome(client.send(new DeleteObjectCommand(version(at)))),
    removeBypassing: (at: At) =>
      outcome(client.send(new DeleteObjectCommand({ ...version(at), BypassGovernanceRetention: true }))),
    retain: (at: At, Mode: 'COMPLIANCE' | 'GOVERNANCE', until: Date, bypass = false) =>
      outcome(
        client.send(
          new PutObjectRetentionCommand({
            ...version(at),
            Retention: { Mode, RetainUntilDate: until },
            ...(bypass && { BypassGovernanceRetention: true }),
          }),
        ),
      ),
    endHold: (at: At) =>
      outcome(client.send(new PutObjectLegalHoldCommand({ ...version(at), LegalHold: { Status: 'OFF' } }))),
    /** Every version and marker of a bucket; of a key the newest version first. */
    async versions(Bucket: string): Promise<{ key: string; versionId: string; marker: boolean }[]> {
      const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
      const facts = (listed: typeof Versions, marker: boolean) =>
        listed.map(({ Key = '', VersionId = '' }) => ({ key: Key, versionId: VersionId, marker }))
      return [...facts(Versions, false), ...facts(DeleteMarkers, true)]
    },
    async facts(at: At) {
      const head = await client.send(new HeadObjectCommand(version(at)))
      return { mode: head.ObjectLockMode, hold: head.ObjectLockLegalHoldStatus }
    },
  }
}
