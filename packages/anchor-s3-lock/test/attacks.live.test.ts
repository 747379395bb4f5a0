import { expect, it } from 'vitest'
import { s3LockAnchor } from '../src/index.ts'
import { checkpoint, dayMs, origin, placeOf, trust } from './heads.ts'
import { attacker } from './lock-port.ts'

// In a real account, with the credentials that the AWS client finds. What is left is locked for a day: its bucket stays
// until somebody removes it after that.
const { AWS_REGION: region } = process.env
if (region === undefined) throw new Error('AWS_REGION says which account and region to use.')
const attack = attacker({ region })

it('a checkpoint under a lock stands every attack, and the report names each', async () => {
  const bucket = await attack.bucket({ lock: true })
  console.log(`The bucket ${bucket} can be removed in a day.`)
  const anchor = s3LockAnchor({ bucket, region, retentionDays: 1, legalHold: true })
  const head = await checkpoint(7)
  const receipt = await anchor.anchor(head)
  const at = placeOf(receipt)
  expect(await attack.facts(at)).toEqual({ mode: 'COMPLIANCE', hold: 'ON' })
  expect(await anchor.check(receipt, trust)).toEqual({ status: 'pass', retainedUntil: expect.any(Number) })

  expect(await attack.remove(at)).toBe('AccessDenied')
  expect(await attack.removeBypassing(at)).toBe('AccessDenied')
  for (const bypass of [false, true])
    for (const mode of ['COMPLIANCE', 'GOVERNANCE'] as const)
      expect(await attack.retain(at, mode, new Date(Date.now() + dayMs / 2), bypass)).toBe('AccessDenied')
  expect(await attack.endHold(at)).toBe('done')
  expect(await attack.overwrite(at, (await checkpoint(7, '2')).note)).toBe('done')
  expect(await attack.mark(at)).toBe('done')
  expect(await attack.mark({ ...at, key: at.key.replace(/[^/]+$/, '0000000000000000-9999999999999999.note') })).toBe(
    'done',
  )
  expect(await attack.remove(at)).toBe('AccessDenied')

  const { status, retainedUntil, findings = [] } = await anchor.check(receipt, trust)
  expect([status, [...findings].sort()]).toEqual(['pass', ['delete-marker', 'legal-hold-removed', 'newer-version']])
  expect(retainedUntil).toBeGreaterThan(Date.now() + dayMs - 600_000)
  expect(await anchor.latest(origin)).toEqual(head)
  expect((await anchor.anchor(head)).body).toEqual({ ...Object(receipt.body), legalHold: false })
})

it('a bucket that can not keep the promise is refused at start', async () => {
  for (const made of [{}, { versioned: true }]) {
    const bucket = await attack.bucket(made)
    await expect(s3LockAnchor({ bucket, region, retentionDays: 1 }).ready()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    await attack.removeBucket(bucket)
  }
})
