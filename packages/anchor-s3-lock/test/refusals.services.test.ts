import { isSeamError } from '@seamark/kit'
import { createRadosgwUser, sharedServer, wireTo } from '@seamark/testing-services'
import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { s3LockAnchor } from '../src/index.ts'
import { checkpoint, on, origin, trust } from './heads.ts'
import { attacker } from './lock-port.ts'

const radosgw = await sharedServer('radosgw')
const attack = attacker(radosgw)

async function failure(call: Promise<unknown>): Promise<{ code: string; remedy: string; pointer: string | undefined }> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isSeamError(error)) throw new Error(`Expected a SeamError, got ${String(error)}`)
  const [problem] = error.problems
  return { code: error.code, remedy: problem?.remedy ?? '', pointer: problem?.place?.pointer }
}

describe('a missing permission', () => {
  it('is FORBIDDEN, and the remedy has the line of the policy', async () => {
    const user = { uid: `u${randomUUID()}`, accessKeyId: randomUUID(), secretAccessKey: randomUUID() }
    await createRadosgwUser(radosgw, user.uid, user)
    const bucket = await attack.bucket({ lock: true })
    const left = await checkpoint(7)
    await s3LockAnchor(on(radosgw, bucket)).anchor(left)
    const { accessKeyId, secretAccessKey } = user
    const credentials = { accessKeyId, secretAccessKey }
    const lines = {
      's3:GetBucketVersioning': { line: 's3:GetBucketVersioning', of: 'bucket' },
      's3:GetBucketObjectLockConfiguration': { line: 's3:GetBucketObjectLockConfiguration', of: 'bucket' },
      's3:ListBucketVersions': { line: 's3:ListBucketVersions', of: 'bucket' },
      's3:GetObjectVersion': { line: 's3:GetObjectVersion', of: 'objects' },
      's3:PutObject': { line: ['s3:PutObject', 's3:PutObjectRetention'], of: 'objects' },
    } as const
    const all = [...Object.keys(lines), 's3:PutObjectRetention', 's3:GetObjectRetention', 's3:GetObjectLegalHold']
    const allow = (actions: readonly string[]) =>
      attack.setPolicy(bucket, {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: [`arn:aws:iam:::user/${user.uid}`] },
            Action: actions,
            Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
          },
        ],
      })
    for (const [missing, { line, of }] of Object.entries(lines)) {
      await allow(all.filter((action) => action !== missing))
      // What this user put is its own, and it may read that without a policy.
      const head = missing === 's3:GetObjectVersion' ? left : await checkpoint(8)
      const { code, remedy } = await failure(s3LockAnchor(on(radosgw, bucket, { credentials })).anchor(head))
      expect([missing, code]).toEqual([missing, 'FORBIDDEN'])
      const Resource = of === 'bucket' ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/*`
      expect(remedy).toContain(JSON.stringify({ Effect: 'Allow', Action: line, Resource }))
    }
    await allow(all)
    const anchor = s3LockAnchor(on(radosgw, bucket, { credentials }))
    expect(await anchor.check(await anchor.anchor(await checkpoint(8)), trust)).toMatchObject({ status: 'pass' })
  })
})

describe('a bad day', () => {
  it('wrong region: INVALID_INPUT at its place, as AWS answers it, and not tried again', async () => {
    const headers = { 'x-amz-bucket-region': 'eu-central-1' }
    for (const [status, code] of [
      [301, 'PermanentRedirect'],
      [400, 'AuthorizationHeaderMalformed'],
    ] as const) {
      const wire = await wireTo(radosgw, () => ({ status, code, headers }))
      onTestFinished(() => wire.close())
      const anchor = s3LockAnchor(on(wire.access, await attack.bucket({ lock: true })))
      expect(await failure(anchor.ready())).toMatchObject({ code: 'INVALID_INPUT', pointer: '/region' })
      expect(wire.seen).toHaveLength(1)
    }
  })

  it('credentials that expired are asked for again, once', async () => {
    let asked = 0
    const bucket = await attack.bucket({ lock: true })
    const wire = await wireTo(radosgw, () => (asked < 2 ? { status: 400, code: 'ExpiredToken' } : 'none'))
    onTestFinished(() => wire.close())
    const { accessKeyId, secretAccessKey } = radosgw
    const credentials = async () => {
      asked += 1
      return { accessKeyId, secretAccessKey }
    }
    const anchor = s3LockAnchor(on(wire.access, bucket, { credentials }))
    expect(await anchor.anchor(await checkpoint(7))).toMatchObject({ size: 7 })
    const fixed = s3LockAnchor(on(wire.access, bucket))
    asked = 0
    expect(await failure(fixed.latest(origin))).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it.each([20, -20])('a clock that is off by %i minutes is made up for by what the server says', async (minutes) => {
    const bucket = await attack.bucket({ lock: true })
    const right = Date.now.bind(Date)
    vi.spyOn(Date, 'now').mockImplementation(() => right() + minutes * 60_000)
    onTestFinished(() => void vi.restoreAllMocks())
    const anchor = s3LockAnchor(on(radosgw, bucket))
    expect(await anchor.check(await anchor.anchor(await checkpoint(7)), trust)).toMatchObject({ status: 'pass' })
  })
})
