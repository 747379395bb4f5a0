import { createHash } from 'node:crypto'
import { canonicalText, toBase64 } from '@seamark/log'
import { describe, expect, test } from 'vitest'
import { artifact, bundle, checkpoint, inOrder, log, receipt, withFile } from './forge.ts'
import { patchA, planSalt } from './story.ts'
import { bundleOf, chunksOf, failures, otherLogSigner, trust, verifyBundle } from './world.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

describe('what is attached', () => {
  const payload = (changes: object) =>
    withFile('payloads.jsonl', (bytes) => {
      const parsed: object = JSON.parse(decoder.decode(bytes))
      return encoder.encode(canonicalText({ ...parsed, ...changes }) + '\n')
    }).then((files) => failures(verifyBundle(files)))

  test('payloads', async () => {
    expect(await payload({})).toEqual([])
    expect(await payload({ bytes: toBase64(encoder.encode('other')) })).toEqual([
      'payloads.commitment: commitment-mismatch',
    ])
    expect(await payload({ salt: toBase64(planSalt.map((byte) => byte ^ 1)) })).toEqual([
      'payloads.commitment: commitment-mismatch',
    ])
    expect(await payload({ salt: '' })).toEqual(['payloads.commitment: commitment-mismatch'])
    expect(await payload({ seq: 3 })).toEqual(['payloads.commitment: unknown-payload'])
    expect(await payload({ more: 1 })).toEqual(['payloads.commitment: not-canonical'])
    expect(await payload({ salt: toBase64(planSalt).replace('=', '') })).toEqual(['payloads.commitment: not-canonical'])
    const twice = await withFile('payloads.jsonl', (bytes) => Buffer.concat([bytes, bytes]))
    expect(await failures(verifyBundle(twice))).toEqual(['payloads.commitment: order'])
    const cut = await withFile('payloads.jsonl', (bytes) => bytes.subarray(0, -1))
    expect(await failures(verifyBundle(cut))).toEqual(['payloads.commitment: not-canonical'])
    const long = await withFile('payloads.jsonl', () => new Uint8Array(1_500_000).fill(0x20))
    expect(await failures(verifyBundle(long))).toEqual(['payloads.commitment: payload-too-large'])
  })

  test('artifacts', async () => {
    const renamed = await withFile(
      `artifacts/${'00'.repeat(32)}`,
      () => patchA,
      bundle.filter(([name]) => !name.startsWith('artifacts/')),
    )
    expect(await failures(verifyBundle(inOrder(renamed)))).toEqual(['artifacts.digest: digest-mismatch'])
    const foreign = encoder.encode('not of this run')
    const name = `artifacts/${createHash('sha256').update(foreign).digest('hex')}`
    const unknown = await withFile(
      name,
      () => foreign,
      bundle.filter(([path]) => !path.startsWith('artifacts/')),
    )
    expect(await failures(verifyBundle(inOrder(unknown)))).toEqual(['artifacts.digest: unknown-artifact'])
  })
  test('artifacts that are not what their digest says are not exported', async () => {
    const wrong = { ...artifact, open: () => chunksOf(encoder.encode('x')) }
    await expect(bundleOf(log, { artifacts: [wrong] })).rejects.toMatchObject({ code: 'INTEGRITY' })
  })
})

describe('composing', () => {
  test('is refused without records, by another role, or with an unfit name', async () => {
    const invalid = { code: 'INVALID_INPUT' }
    await expect(bundleOf([], { checkpoint })).rejects.toMatchObject(invalid)
    await expect(bundleOf(log, { signer: otherLogSigner })).rejects.toMatchObject(invalid)
    await expect(bundleOf(log, { receipts: { '../x': receipt } })).rejects.toMatchObject(invalid)
  })
  test('without an export key gives a bundle without a signature', async () => {
    const files = await bundleOf(log, { unsigned: true })
    expect(files.map(([path]) => path)).not.toContain('manifest.sig')
    const [logTrust] = trust.keys
    const report = await verifyBundle(files, { ...trust, keys: logTrust === undefined ? [] : [logTrust] })
    expect(report.verdict).toBe('verified')
  })
})
