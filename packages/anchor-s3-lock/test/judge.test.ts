import { sha256Hex } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { judge } from '../src/judge.ts'
import type { Found } from '../src/judge.ts'
import type { LockedObject } from '../src/port.ts'
import { checkpoint, origin, trust } from './heads.ts'

const until = 2_000
const head = await checkpoint(7)
const bytes = new TextEncoder().encode(head.note)
const body = {
  bucket: 'b',
  key: 'k',
  versionId: 'own',
  sha256: sha256Hex(head.note),
  retainUntil: until,
  legalHold: false,
}
const { size, root } = head
const receipt = { v: 1, kind: 'k', name: 'n', origin, size, root, at: 1, body } as const
const object: LockedObject = {
  bytes,
  mode: 'COMPLIANCE',
  retainUntil: until,
  legalHold: false,
  storedAt: until - 1_000,
}
const version = (versionId: string, marker = false) => ({ key: 'k', versionId, marker })

const judged = (found: Partial<Found>, now = 1_000) =>
  judge(receipt, body, { object, versions: [version('own')], first: object, ...found }, trust, now)

describe('what is found', () => {
  it('passes until its date', () => {
    expect(judged({})).toEqual({ status: 'pass', retainedUntil: until })
    expect(judged({}, until)).toEqual({ status: 'not-checked', reason: 'retention-ended' })
  })

  it('is gone, or was never there; after its date neither breaks a promise', () => {
    expect(judged({ object: undefined })).toEqual({ status: 'fail', reason: 'gone' })
    expect(judged({ object: undefined, versions: [] })).toEqual({ status: 'fail', reason: 'not-found' })
    expect(judged({ versions: [version('other')] })).toEqual({ status: 'fail', reason: 'gone' })
    for (const versions of [[], [version('other')]])
      expect(judged({ object: undefined, versions }, until)).toEqual({
        status: 'not-checked',
        reason: 'retention-ended',
      })
  })

  it('is not the earliest: the same head contradicts nothing, another one does', async () => {
    const versions = [version('own'), version('earlier')]
    const unlocked = { ...object, mode: undefined, retainUntil: undefined }
    expect(judged({ versions, first: unlocked })).toMatchObject({ status: 'pass', findings: ['earlier-copy'] })
    for (const text of [(await checkpoint(7, '2')).note, (await checkpoint(8)).note, 'no note', ''])
      expect(judged({ versions, first: { ...object, bytes: new TextEncoder().encode(text) } })).toEqual({
        status: 'fail',
        reason: 'not-earliest',
      })
    expect(judged({ versions, first: undefined })).toEqual({ status: 'fail', reason: 'not-earliest' })
    expect(judged({ versions: [version('own'), version('marker', true)] })).toMatchObject({
      status: 'pass',
      findings: ['delete-marker'],
    })
  })
})
