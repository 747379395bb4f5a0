import { LATE_MS, sharedServer, wireTo } from '@seamark/testing-services'
import type { Fault, Seen } from '@seamark/testing-services'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { s3LockAnchor } from '../src/index.ts'
import type { S3LockAnchorOptions } from '../src/index.ts'
import { checkpoint, on, origin, placeOf, trust } from './heads.ts'
import { attacker } from './lock-port.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

const radosgw = await sharedServer('radosgw')
const attack = attacker(radosgw)

/** An anchor behind a wire that breaks in the way of `choose`, and one on the same bucket that has no wire. */
async function behind(choose: (seen: Seen) => Fault, more: Partial<S3LockAnchorOptions> = {}) {
  const bucket = await attack.bucket({ lock: true })
  const wire = await wireTo(radosgw, choose)
  onTestFinished(() => wire.close())
  return {
    bucket,
    wire,
    anchor: s3LockAnchor(on(wire.access, bucket, more)),
    direct: s3LockAnchor(on(radosgw, bucket)),
  }
}

/** A fault for the first request that stores something, and none after it. */
function firstPut(fault: Fault): (seen: Seen) => Fault {
  let puts = 0
  return ({ method }) => (method === 'PUT' && ++puts === 1 ? fault : 'none')
}

const faults: readonly (readonly [string, Fault])[] = [
  ['an answer that comes slowly', 'slow'],
  ['a connection that breaks before the request arrives', 'cut-request'],
  ['a connection that breaks in the answer', 'cut-answer'],
  ['503 SlowDown', { status: 503, code: 'SlowDown' }],
  ['500 after the request took effect', 'lost-answer'],
  ['500 before the request takes effect', 'late'],
]

describe('on a wire on which every third request meets', () => {
  it.each(faults)('%s: every head is left, once, and found', async (_, fault) => {
    const { bucket, anchor, direct } = await behind(({ number }) => (number % 3 === 0 ? fault : 'none'))
    await anchor.ready()
    const receipts = []
    for (let size = 1; size <= 6; size++) receipts.push(await anchor.anchor(await checkpoint(size)))
    for (const [at, receipt] of receipts.entries()) {
      expect((await anchor.anchor(await checkpoint(at + 1))).body).toEqual(receipt.body)
      expect((await anchor.check(receipt, trust)).status).toBe('pass')
    }
    await expect(anchor.anchor(await checkpoint(6, '2'))).rejects.toEqual(code('INTEGRITY'))
    expect(await anchor.latest(origin)).toMatchObject({ size: 6 })
    if (fault === 'late') await sleep(LATE_MS * 1.5)
    else expect(await attack.versions(bucket)).toHaveLength(6)
    for (const receipt of receipts) expect((await direct.check(receipt, trust)).status).toBe('pass')
  })
})

describe('a call whose outcome is unknown', () => {
  it('is repeated in the same call without a second version', async () => {
    for (const fault of ['lost-answer', 'cut-answer'] as const) {
      const { bucket, wire, anchor, direct } = await behind(firstPut(fault))
      const receipt = await anchor.anchor(await checkpoint(7))
      expect(wire.seen.filter(({ method }) => method === 'PUT')).toHaveLength(1)
      expect(await attack.versions(bucket)).toEqual([
        { key: placeOf(receipt).key, versionId: placeOf(receipt).versionId, marker: false },
      ])
      expect(await direct.check(receipt, trust)).toEqual({ status: 'pass', retainedUntil: expect.any(Number) })
    }
  })

  it('is repeated by the next process: the same version, whose date stays', async () => {
    const { bucket, anchor, direct } = await behind(firstPut('lost-answer'), { attempts: 1 })
    await expect(anchor.anchor(await checkpoint(7))).rejects.toEqual(code('UNAVAILABLE'))
    const [left, ...more] = await attack.versions(bucket)
    expect(more).toEqual([])
    const receipt = await direct.anchor(await checkpoint(7))
    expect(placeOf(receipt).versionId).toBe(left?.versionId)
    expect((await anchor.anchor(await checkpoint(7))).body).toEqual(receipt.body)
    expect(await attack.versions(bucket)).toHaveLength(1)
  })

  it('keeps its head: another one of the same size comes too late', async () => {
    const { anchor, direct } = await behind(firstPut('lost-answer'), { attempts: 1 })
    await expect(anchor.anchor(await checkpoint(7))).rejects.toEqual(code('UNAVAILABLE'))
    await expect(direct.anchor(await checkpoint(7, '2'))).rejects.toEqual(code('INTEGRITY'))
    expect(await direct.check(await direct.anchor(await checkpoint(7)), trust)).toMatchObject({ status: 'pass' })
  })

  it('and that takes effect after it was repeated contradicts nothing', async () => {
    const { bucket, anchor, direct } = await behind(firstPut('late'))
    const receipt = await anchor.anchor(await checkpoint(7))
    expect(await direct.check(receipt, trust)).toMatchObject({ status: 'pass' })
    await expect.poll(() => attack.versions(bucket), { timeout: 10_000 }).toHaveLength(2)
    const { status, findings = [] } = await direct.check(receipt, trust)
    // Which of the two the server takes for the earlier is its own; they are the same bytes.
    expect([status, findings.length]).toEqual(['pass', 1])
    const again = await direct.anchor(await checkpoint(7))
    expect((await direct.check(again, trust)).status).toBe('pass')
    await expect(direct.anchor(await checkpoint(7, '2'))).rejects.toEqual(code('INTEGRITY'))
  })
})

describe('a place that can not be looked at', () => {
  it('is not checked, with the reason, and never passes', async () => {
    for (const [fault, reason] of [
      ['cut-request', 'unreachable'],
      [{ status: 503, code: 'SlowDown' }, 'unreachable'],
      [{ status: 403, code: 'AccessDenied' }, 'access-denied'],
    ] as const) {
      const { anchor, direct } = await behind(() => fault, { attempts: 2 })
      const receipt = await direct.anchor(await checkpoint(7))
      expect(await anchor.check(receipt, trust)).toEqual({ status: 'not-checked', reason })
    }
  })
})
