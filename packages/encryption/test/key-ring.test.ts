import { createHash, randomBytes } from 'node:crypto'
import type { DataKeys } from '@seamark/core'
import { fakeClock } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { keyRing } from '../src/key-ring.ts'
import { code, freshKeys } from './support.ts'

const context = { 'seamark:namespace': 'default', 'seamark:purpose': 'payload' }
const fingerprint = ({ plaintext }: { readonly plaintext: Uint8Array }) =>
  createHash('sha256').update(plaintext).digest('hex')

/** The plaintext arrays themselves, to see what becomes of them. */
function seenKeys() {
  const seen: Uint8Array[] = []
  return {
    seen,
    note: (key: { readonly plaintext: Uint8Array }) => {
      seen.push(key.plaintext)
      return fingerprint(key)
    },
  }
}
const isZero = (key: Uint8Array | undefined) => key?.every((byte) => byte === 0)

describe('data keys in memory', () => {
  it('are asked for once and used again, until they were used or are old enough', async () => {
    const { kms, keys } = await freshKeys()
    const clock = fakeClock()
    const ring = keyRing({ keys, rotateAfterUses: 10, rotateAfterMs: 60_000, clock })
    const prints = await Promise.all(Array.from({ length: 10 }, () => ring.seal(context, 1, fingerprint)))
    expect(new Set(prints).size).toBe(1)
    expect(kms.calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'Decrypt'])
    const second = await ring.seal(context, 1, fingerprint)
    expect(second).not.toBe(prints[0])
    clock.advance(59_999)
    expect(await ring.seal(context, 1, fingerprint)).toBe(second)
    clock.advance(1)
    expect(await ring.seal(context, 1, fingerprint)).not.toBe(second)
    expect(await ring.seal({ ...context, 'seamark:namespace': 'other' }, 1, fingerprint)).not.toBe(second)
    expect(kms.calls).toHaveLength(5)
    // A batch that is larger than the bound has one key to itself.
    await ring.seal(context, 1_000, fingerprint)
    await ring.seal(context, 1, fingerprint)
    expect(kms.calls).toHaveLength(7)
    ring.close()
  })

  it('are overwritten when their time is over, also when nobody asks any more', async () => {
    const { kms, keys } = await freshKeys()
    const clock = fakeClock()
    const ring = keyRing({ keys, keepMs: 5_000, clock })
    const { seen, note } = seenKeys()
    const first = await ring.seal(context, 1, note)
    const wrapped = await ring.seal(context, 1, (key) => Uint8Array.from(key.wrapped))
    clock.advance(4_999)
    expect(isZero(seen[0])).toBe(false)
    clock.advance(1)
    expect(isZero(seen[0])).toBe(true)
    expect(await ring.open(wrapped, context, note)).toBe(first)
    expect(kms.calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'Decrypt', 'Decrypt'])
    clock.advance(5_000)
    expect(isZero(seen[1])).toBe(true)
  })

  it('open what they sealed without a call, and in another context not at all', async () => {
    const { kms, keys } = await freshKeys()
    const ring = keyRing({ keys })
    const wrapped = await ring.seal(context, 1, (key) => key.wrapped)
    await ring.open(wrapped, context, fingerprint)
    expect(kms.calls).toHaveLength(2)
    await expect(ring.open(wrapped, { ...context, 'seamark:purpose': 'blob' }, fingerprint)).rejects.toEqual(
      code('INTEGRITY'),
    )
    ring.close()
  })

  it('are overwritten by close, also those that are on their way', async () => {
    const { keys } = await freshKeys()
    const ring = keyRing({ keys })
    const { seen, note } = seenKeys()
    await ring.seal(context, 1, note)
    const late = ring.seal({ other: 'context' }, 1, note)
    ring.close()
    await expect(late).rejects.toEqual(code('UNAVAILABLE'))
    expect(isZero(seen[0])).toBe(true)
    await expect(ring.seal(context, 1, note)).rejects.toEqual(code('UNAVAILABLE'))
  })

  it('are never more than a thousand', async () => {
    const made: Uint8Array[] = []
    const keys: DataKeys = {
      spec: 'data-keys/v1',
      kind: 'counted',
      name: 'counted',
      guarantees: { keyConfined: { value: false, proof: 'tested' } },
      generate: async () => ({ plaintext: randomBytes(32), wrapped: randomBytes(16) }),
      unwrap: async () => randomBytes(32),
    }
    const ring = keyRing({ keys })
    for (let index = 0; index < 1_005; index++)
      await ring.open(Buffer.from(`key ${index}`), context, ({ plaintext }) => made.push(plaintext))
    expect(made.map((key) => isZero(key)).lastIndexOf(true)).toBe(4)
    ring.close()
  })

  it('that are wrong are not used', async () => {
    const keys: DataKeys = {
      spec: 'data-keys/v1',
      kind: 'short',
      name: 'short',
      guarantees: { keyConfined: { value: false, proof: 'tested' } },
      generate: async () => ({ plaintext: randomBytes(16), wrapped: randomBytes(16) }),
      unwrap: async () => randomBytes(33),
    }
    const ring = keyRing({ keys })
    await expect(ring.seal(context, 1, fingerprint)).rejects.toEqual(code('INTEGRITY'))
    await expect(ring.open(randomBytes(4), context, fingerprint)).rejects.toEqual(code('INTEGRITY'))
  })

  it('that this role may not open, or that open to another, encrypt nothing', async () => {
    const { kms, keys } = await freshKeys()
    kms.deny({ operation: 'Decrypt' })
    await expect(keyRing({ keys }).seal(context, 1, fingerprint)).rejects.toEqual(code('FORBIDDEN'))
    const other: DataKeys = { ...keys, unwrap: async () => randomBytes(32) }
    await expect(keyRing({ keys: other }).seal(context, 1, fingerprint)).rejects.toEqual(code('INTEGRITY'))
  })

  it('have bounds that are bounds', async () => {
    const { keys } = await freshKeys()
    for (const bad of [{ keepMs: 0 }, { keepMs: Number.NaN }, { rotateAfterMs: 10 }, { rotateAfterUses: 0 }])
      expect(() => keyRing({ keys, ...bad })).toThrow(code('INVALID_INPUT'))
  })
})

describe('when there are none to be had', () => {
  it('a refusal from the start is told as it is, and one of what was allowed is waited for', async () => {
    const { kms, keys } = await freshKeys()
    const never = keyRing({ keys })
    const undo = kms.deny({ operation: 'GenerateDataKey' })
    await expect(never.seal(context, 1, fingerprint)).rejects.toEqual(code('FORBIDDEN'))
    undo()
    await never.seal(context, 1, fingerprint)
    kms.deny({ operation: 'GenerateDataKey' })
    await expect(never.seal({ a: 'new context' }, 1, fingerprint)).rejects.toEqual(code('UNAVAILABLE'))
    never.close()
  })

  it('goes on with those that it has while KMS is away, for their time', async () => {
    const { kms, keys } = await freshKeys()
    const clock = fakeClock()
    const ring = keyRing({ keys, clock, keepMs: 10_000 })
    await ring.seal(context, 1, fingerprint)
    const back = kms.fail({ kind: 'reset', times: Infinity })
    clock.advance(9_999)
    await expect(ring.seal(context, 1, fingerprint)).resolves.toBeDefined()
    clock.advance(1)
    await expect(ring.seal(context, 1, fingerprint)).rejects.toEqual(code('UNAVAILABLE'))
    back()
    await expect(ring.seal(context, 1, fingerprint)).resolves.toBeDefined()
  })

  it('stops waiting on request, and the call goes on for others', async () => {
    const { kms, keys } = await freshKeys()
    const ring = keyRing({ keys })
    const stop = new AbortController()
    kms.fail({ kind: 'reset' })
    const impatient = ring.seal(context, 1, fingerprint, stop.signal)
    const patient = ring.seal(context, 1, fingerprint)
    stop.abort()
    await expect(impatient).rejects.toEqual(code('ABORTED'))
    await expect(patient).resolves.toBeDefined()
    ring.close()
  })
})
