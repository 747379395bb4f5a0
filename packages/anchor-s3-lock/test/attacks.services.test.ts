import type { AnchorReceipt, TrustFile } from '@seamark/core'
import { systemClock } from '@seamark/kit'
import { verifierKey } from '@seamark/log'
import { sharedServer } from '@seamark/testing-services'
import { describe, expect, it } from 'vitest'
import { s3LockAnchor } from '../src/index.ts'
import type { S3LockAnchorOptions } from '../src/index.ts'
import { checkpoint, dayMs, newKey, on, origin, placeOf, trust } from './heads.ts'
import { attacker } from './lock-port.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

const radosgw = await sharedServer('radosgw')
const attack = attacker(radosgw)

async function anchored(more: Partial<S3LockAnchorOptions> = {}) {
  const anchor = s3LockAnchor(on(radosgw, await attack.bucket({ lock: true }), more))
  const head = await checkpoint(7)
  const receipt = await anchor.anchor(head)
  return { anchor, head, receipt, at: placeOf(receipt) }
}

describe('a checkpoint under a lock', () => {
  it('is left once, gives the same receipt again, and passes until its date', async () => {
    const before = Date.now()
    const { anchor, head, receipt, at } = await anchored()
    expect(receipt).toMatchObject({
      v: 1,
      kind: 'aws.s3-object-lock',
      name: 's3-lock',
      origin,
      size: 7,
      root: head.root,
    })
    expect(await attack.facts(at)).toEqual({ mode: 'COMPLIANCE', hold: undefined })
    const checked = await anchor.check(receipt, trust)
    expect(checked).toEqual({ status: 'pass', retainedUntil: expect.any(Number) })
    expect(checked.retainedUntil).toBeGreaterThan(before + 30 * dayMs - 2_000)
    expect((await anchor.anchor(head)).body).toEqual(receipt.body)
  })

  it('is the newest by size, whatever the order', async () => {
    const { anchor, at } = await anchored()
    expect(at.key.split('/').at(-1)).toBe('9999999999999992-7.note')
    let newest = 7
    for (const size of [1, 8, 9, 2, 100, 10, 101, 2 ** 53 - 2, 2 ** 53 - 1]) {
      await anchor.anchor(await checkpoint(size))
      newest = Math.max(newest, size)
      expect(await anchor.latest(origin)).toMatchObject({ size: newest })
    }
    expect(await anchor.latest(`seamark.invalid/${'b2'.repeat(16)}`)).toBe(undefined)
  })

  it('contradicts another head of its size', async () => {
    const { anchor } = await anchored()
    await expect(anchor.anchor(await checkpoint(7, '2'))).rejects.toEqual(code('INTEGRITY'))
    await expect(anchor.anchor({ ...(await checkpoint(8)), size: 9 })).rejects.toEqual(code('INVALID_INPUT'))
  })

  it('is left by two writers at once as one', async () => {
    const bucket = await attack.bucket({ lock: true })
    const head = await checkpoint(7)
    const receipts = await Promise.all([1, 2, 3].map(() => s3LockAnchor(on(radosgw, bucket)).anchor(head)))
    for (const receipt of receipts)
      expect(await s3LockAnchor(on(radosgw, bucket)).check(receipt, trust)).toMatchObject({ status: 'pass' })
  })
})

describe('an attack', () => {
  it('that puts another over it makes a version that does not count', async () => {
    const { anchor, receipt, at, head } = await anchored()
    expect(await attack.overwrite(at, (await checkpoint(7, '2')).note)).toBe('done')
    expect(await anchor.check(receipt, trust)).toMatchObject({ status: 'pass', findings: ['newer-version'] })
    expect(await anchor.latest(origin)).toEqual(head)
    expect((await anchor.anchor(head)).body).toEqual(receipt.body)
  })

  it('that deletes it makes a marker that does not count', async () => {
    const { anchor, receipt, at, head } = await anchored()
    expect(await attack.mark(at)).toBe('done')
    expect(await anchor.check(receipt, trust)).toMatchObject({ status: 'pass', findings: ['delete-marker'] })
    expect(await anchor.latest(origin)).toEqual(head)
    expect(await attack.overwrite(at, 'x')).toBe('done')
    const { status, findings = [] } = await anchor.check(receipt, trust)
    expect([status, [...findings].sort()]).toEqual(['pass', ['delete-marker', 'newer-version']])
  })

  it('that deletes its version is refused, with the header that bypasses too', async () => {
    const { anchor, receipt, at } = await anchored()
    expect(await attack.remove(at)).toBe('AccessDenied')
    expect(await attack.removeBypassing(at)).toBe('AccessDenied')
    expect(await anchor.check(receipt, trust)).toEqual({ status: 'pass', retainedUntil: expect.any(Number) })
  })

  it('that shortens or weakens its retention is refused, with the header that bypasses too', async () => {
    const { anchor, receipt, at } = await anchored()
    const soon = new Date(Date.now() + dayMs)
    const later = new Date(Date.now() + 60 * dayMs)
    for (const bypass of [false, true]) {
      expect(await attack.retain(at, 'COMPLIANCE', soon, bypass)).not.toBe('done')
      expect(await attack.retain(at, 'GOVERNANCE', soon, bypass)).not.toBe('done')
    }
    const before = await anchor.check(receipt, trust)
    expect(before.status).toBe('pass')
    expect(await attack.retain(at, 'COMPLIANCE', later)).toBe('done')
    const after = await anchor.check(receipt, trust)
    expect(after.retainedUntil).toBeGreaterThan(before.retainedUntil ?? 0)
  })

  it('that ends a legal hold is named, and the retention stays', async () => {
    const { anchor, receipt, at } = await anchored({ legalHold: true })
    expect(await attack.facts(at)).toEqual({ mode: 'COMPLIANCE', hold: 'ON' })
    expect(await anchor.check(receipt, trust)).toEqual({ status: 'pass', retainedUntil: expect.any(Number) })
    expect(await attack.endHold(at)).toBe('done')
    expect(await anchor.check(receipt, trust)).toMatchObject({ status: 'pass', findings: ['legal-hold-removed'] })
    expect(await attack.remove(at)).toBe('AccessDenied')
  })

  it('that marks or writes keys of its own beside it hides nothing', async () => {
    const { anchor, receipt, at, head } = await anchored()
    const beside = (name: string) => ({ ...at, key: at.key.replace(/[^/]+$/, name) })
    expect(await attack.mark(beside('0000000000000000-9999999999999999.note'))).toBe('done')
    expect(await anchor.latest(origin)).toEqual(head)
    expect(await attack.overwrite(beside('9999999999999991-8.note.'), 'x')).toBe('done')
    expect((await anchor.check(await anchor.anchor(await checkpoint(8)), trust)).status).toBe('pass')
    expect(await anchor.check(receipt, trust)).toEqual({ status: 'pass', retainedUntil: expect.any(Number) })
  })

  it('that leaves a larger head of another key, or no note, is never silent, and changes no receipt', async () => {
    const { anchor, receipt, at } = await anchored()
    const beside = (name: string) => ({ ...at, key: at.key.replace(/[^/]+$/, name) })
    const passes = { status: 'pass', retainedUntil: expect.any(Number) }
    const forged = await checkpoint(9, '3', newKey())
    expect(await attack.overwrite(beside('9999999999999990-9.note'), forged.note)).toBe('done')
    // It could be of a key that was exchanged since: who starts a service compares it, and does not start.
    expect(await anchor.latest(origin)).toEqual(forged)
    expect(await attack.overwrite(beside('9999999999999989-10.note'), 'x')).toBe('done')
    await expect(anchor.latest(origin)).rejects.toEqual(code('INTEGRITY'))
    expect(await anchor.check(receipt, trust)).toEqual(passes)
    expect(await anchor.check(await anchor.anchor(await checkpoint(8)), trust)).toEqual(passes)
  })

  it('that is there first, without a lock that counts, is found', async () => {
    const { anchor, head, at } = await anchored()
    const { note } = await checkpoint(8)
    const key = at.key.replace(/[^/]+$/, '9999999999999991-8.note')
    const until = new Date(Date.now() + dayMs)
    expect(await attack.putLocked({ ...at, key }, note, { mode: 'GOVERNANCE', until })).toBe('done')
    await expect(anchor.anchor(await checkpoint(8))).rejects.toEqual(code('UNSUPPORTED'))
    expect((await anchor.check(await anchor.anchor(head), trust)).status).toBe('pass')
  })

  it.each([
    ['a minute', 60_000],
    ['a day less', 29 * dayMs],
  ])('that is there first with the same note and a lock of %s has its lock extended, once', async (_, lasts) => {
    const { anchor, at } = await anchored()
    const head = await checkpoint(8)
    const key = at.key.replace(/[^/]+$/, '9999999999999991-8.note')
    const until = new Date(Date.now() + lasts)
    expect(await attack.putLocked({ ...at, key }, head.note, { mode: 'COMPLIANCE', until })).toBe('done')
    const before = Date.now()
    const receipt = await anchor.anchor(head)
    expect((await attack.versions(at.bucket)).filter((version) => version.key === key)).toHaveLength(1)
    const { status, retainedUntil = 0 } = await anchor.check(receipt, trust)
    expect([status, retainedUntil >= before + 30 * dayMs - 2_000]).toEqual(['pass', true])
    expect((await anchor.anchor(head)).body).toEqual(receipt.body)
  })

  it('with a receipt of its own making fails', async () => {
    const { anchor, receipt, at } = await anchored()
    const forged = await checkpoint(7, '2', newKey())
    await attack.overwrite(at, forged.note)
    const changed = (change: object): AnchorReceipt => ({
      ...receipt,
      body: { ...Object(receipt.body), ...change },
    })
    const far = { retainUntil: Date.now() + 10_000 * dayMs }
    expect(await anchor.check({ ...receipt, root: forged.root }, trust)).toMatchObject({ reason: 'other-checkpoint' })
    expect(await anchor.check({ ...receipt, size: 8 }, trust)).toMatchObject({ reason: 'malformed-receipt' })
    expect(await anchor.check(changed({ sha256: '0'.repeat(64) }), trust)).toMatchObject({ reason: 'changed' })
    expect(await anchor.check(changed(far), trust)).toMatchObject({ reason: 'retention-shortened' })
    expect(await anchor.check(changed({ versionId: 'no-such-version' }), trust)).not.toMatchObject({ status: 'pass' })
    expect(await anchor.check(changed({ key: undefined }), trust)).toMatchObject({ reason: 'malformed-receipt' })
    const other: TrustFile = { ...trust, keys: [{ origin, role: 'log', key: verifierKey(origin, newKey().key) }] }
    expect(await anchor.check(receipt, other)).toMatchObject({ status: 'fail', reason: 'not-signed-by-trusted-key' })
    expect(await anchor.check(receipt, { ...trust, keys: [] })).toEqual({
      status: 'not-checked',
      reason: 'no-trusted-key',
    })
  })
})

describe('what is not there', () => {
  it('is told apart: a version, a key, a bucket', async () => {
    const { anchor, receipt, at } = await anchored()
    // What was never under a lock can be removed for good.
    const key = at.key.replace(/[^/]+$/, '9999999999999990-9.note')
    const head = await checkpoint(9)
    const put = async () => {
      expect(await attack.overwrite({ ...at, key }, head.note)).toBe('done')
      const found = (await attack.versions(at.bucket)).find((version) => version.key === key)
      return { ...at, key, versionId: found?.versionId ?? '' }
    }
    const version = await put()
    const forged: AnchorReceipt = {
      ...receipt,
      size: 9,
      root: head.root,
      body: { ...Object(receipt.body), key, versionId: version.versionId },
    }
    expect(await anchor.check(forged, trust)).toMatchObject({ status: 'fail' })
    expect(await attack.remove(version)).toBe('done')
    expect(await anchor.check(forged, trust)).toEqual({ status: 'fail', reason: 'not-found' })
    await put()
    expect(await anchor.check(forged, trust)).toEqual({ status: 'fail', reason: 'gone' })
    const nowhere = { ...receipt, body: { ...Object(receipt.body), bucket: 'no-such-bucket' } }
    expect(await s3LockAnchor(on(radosgw, 'no-such-bucket')).check(nowhere, trust)).toEqual({
      status: 'not-checked',
      reason: 'no-such-bucket',
    })
    expect(await anchor.check(nowhere, trust)).toEqual({ status: 'not-checked', reason: 'other-anchor' })
  })

  it('after its date breaks no promise, and proves nothing', async () => {
    const { receipt, at } = await anchored()
    const { now, at: wait } = systemClock
    const clock = { now: () => now() + 40 * dayMs, at: wait }
    const later = s3LockAnchor(on(radosgw, at.bucket, { clock }))
    const ended = { status: 'not-checked', reason: 'retention-ended' }
    expect(await later.check(receipt, trust)).toEqual(ended)
    const gone = { ...receipt, body: { ...Object(receipt.body), versionId: 'x'.repeat(at.versionId.length) } }
    expect(await later.check(gone, trust)).not.toMatchObject({ status: 'pass' })
  })
})

describe('a bucket', () => {
  it('that can not keep the promise is refused at start, and by every call that relies on it', async () => {
    for (const made of [{}, { versioned: true }]) {
      const anchor = s3LockAnchor(on(radosgw, await attack.bucket(made)))
      await expect(anchor.ready()).rejects.toEqual(code('UNSUPPORTED'))
      await expect(anchor.latest(origin)).rejects.toEqual(code('UNSUPPORTED'))
      await expect(anchor.anchor(await checkpoint(7))).rejects.toEqual(code('UNSUPPORTED'))
    }
    await expect(s3LockAnchor(on(radosgw, 'no-such-bucket')).ready()).rejects.toEqual(code('NOT_FOUND'))
    for (const wrong of [{ retentionDays: 0 }, { everyMs: 999 }, { everyMs: Number.NaN }])
      expect(() => s3LockAnchor(on(radosgw, 'b', wrong))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    expect(s3LockAnchor(on(radosgw, 'b', { everyMs: 3_600_000 })).everyMs).toBe(3_600_000)
    expect(s3LockAnchor(on(radosgw, 'b'))).not.toHaveProperty('everyMs')
  })

  it.each(['COMPLIANCE', 'GOVERNANCE'] as const)('that retains by itself in %s mode changes nothing', async (mode) => {
    const bucket = await attack.bucket({ lock: true })
    await attack.retainByDefault(bucket, mode, 1)
    const anchor = s3LockAnchor(on(radosgw, bucket))
    const receipt = await anchor.anchor(await checkpoint(7))
    const { status, retainedUntil } = await anchor.check(receipt, trust)
    expect(status).toBe('pass')
    expect(retainedUntil).toBeGreaterThan(Date.now() + 29 * dayMs)
  })

  it('that is away or does not let us look: not checked, never passed', async () => {
    const { receipt, at } = await anchored()
    const away = s3LockAnchor(on(radosgw, at.bucket, { endpoint: 'http://127.0.0.1:9', attempts: 1 }))
    expect(await away.check(receipt, trust)).toEqual({ status: 'not-checked', reason: 'unreachable' })
    const credentials = { accessKeyId: 'test', secretAccessKey: 'wrong' }
    const stranger = s3LockAnchor(on(radosgw, at.bucket, { credentials }))
    expect(await stranger.check(receipt, trust)).toEqual({ status: 'not-checked', reason: 'access-denied' })
    await expect(stranger.anchor(await checkpoint(9))).rejects.toEqual(code('UNAUTHENTICATED'))
  })
})
