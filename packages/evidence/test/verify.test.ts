import { sha256Hex } from '@seamark/kit'
import { parseNote, stripNote, verifierKey } from '@seamark/log'
import { describe, expect, test } from 'vitest'
import { canceledLater, disclosed, patchA, storyLog } from './story.ts'
import {
  bundleOf,
  chunksOf,
  failures,
  filesOf,
  headOf,
  logSigner,
  NOW,
  ORIGIN,
  otherLogSigner,
  RUN,
  seededSigner,
  tarOf,
  trust,
  verifyBundle,
  verifyTar,
} from './world.ts'
import { verify } from '../src/index.ts'

const log = storyLog()
const checkpoint = await headOf(log)
const receipt = {
  v: 1,
  kind: 'file',
  name: 'f',
  origin: ORIGIN,
  size: log.length,
  root: checkpoint.root,
  at: 1,
  body: null,
} as const
const artifact = { sha256: sha256Hex(patchA), size: patchA.length, open: () => chunksOf(patchA) }
const offline = { id: 'anchors', status: 'not-checked', code: 'not-online' } as const
const full = { disclose: disclosed, receipts: { f: receipt }, artifacts: [artifact] }
const bundle = await bundleOf(log, full)

describe('a good bundle', () => {
  test('is verified, as files and as a tar', async () => {
    for (const report of [await verifyBundle(bundle), await verifyTar(await tarOf(bundle))]) {
      expect(report.checks.filter(({ status }) => status !== 'pass')).toEqual([offline])
      expect(report).not.toHaveProperty('anchors')
      expect(report).toMatchObject({ verdict: 'verified', exitCode: 0 })
      expect(report.run).toEqual({
        ns: 'default',
        run: RUN,
        status: 'failed',
        items: 4,
        records: 20,
        origin: ORIGIN,
        size: log.length,
        root: checkpoint.root,
      })
      expect(report.properties.map(({ name, status }) => [name, status])).toEqual([
        ['authentic', 'pass'],
        ['complete-run', 'pass'],
        ['existed-by', 'not-checked'],
        ['retained-until', 'not-checked'],
        ['single-history', 'not-checked'],
      ])
    }
  })

  test('without trust is only internally consistent', async () => {
    const report = await verify(filesOf(bundle), undefined, { now: NOW })
    expect(report).toMatchObject({ verdict: 'unverified', exitCode: 12 })
    expect(report.checks.filter(({ status }) => status !== 'pass')).toEqual([
      { id: 'manifest.signature', status: 'not-checked', code: 'no-trust' },
      { id: 'checkpoint.signature', status: 'not-checked', code: 'no-trust' },
      offline,
    ])
    expect(report.properties[0]).toMatchObject({ status: 'not-checked', forgeableBy: 'anyone' })
  })

  test('without what is optional is verified, and says what was not checked', async () => {
    const report = await verifyBundle(await bundleOf(log))
    expect(report.verdict).toBe('verified')
    expect(report.checks.filter(({ status }) => status !== 'pass').map(({ id }) => id)).toEqual([
      'payloads.commitment',
      'artifacts.digest',
      'receipts.checkpoint',
      'anchors',
    ])
  })

  test('of a run that was cancelled after it was sealed is verified', async () => {
    expect(await verifyBundle(await bundleOf(canceledLater()))).toMatchObject({
      verdict: 'verified',
      run: { status: 'failed', records: 22 },
    })
  })

  test('is the same bytes each time', async () => {
    expect(await tarOf(await bundleOf(log, full))).toEqual(await tarOf(bundle))
  })

  test('is not verified where a required check did not run', async () => {
    for (const name of ['existed-by', 'anchors', 'single-history', 'no-such-thing']) {
      const report = await verifyBundle(bundle, { ...trust, required: [name] })
      expect(report).toMatchObject({ verdict: 'unverified', exitCode: 12 })
      expect(report.checks.at(-1)).toEqual({ id: `required.${name}`, status: 'not-checked', code: 'not-run' })
    }
    const required = ['authentic', 'complete-run', 'payloads.commitment']
    expect((await verifyBundle(bundle, { ...trust, required })).verdict).toBe('verified')
    const bare = await verifyBundle(await bundleOf(log), { ...trust, required })
    expect(bare.checks.at(-1)).toMatchObject({ id: 'required.payloads.commitment', status: 'not-checked' })
    expect(bare.exitCode).toBe(12)
  })
})

describe('signatures', () => {
  const [logTrust, exportTrust] = trust.keys
  if (logTrust === undefined || exportTrust === undefined) throw new Error('two keys')
  const byKeys = (...keys: typeof trust.keys) => ({ ...trust, keys })
  const codeOf = async (report: ReturnType<typeof verify>, id: string) =>
    (await report).checks.find((check) => check.id === id)?.code

  test('of the log made by another key', async () => {
    const forged = await bundleOf(log, { checkpoint: await headOf(log, otherLogSigner) })
    expect(await failures(verifyBundle(forged))).toEqual(['checkpoint.signature: signature-missing'])
  })
  test('of the log removed, and another key’s left', async () => {
    const both = checkpoint.note + (await headOf(log, otherLogSigner)).note.split('\n\n')[1]
    const other = parseNote((await headOf(log, otherLogSigner)).note).signatures
    const stripped = await bundleOf(log, { checkpoint: { ...checkpoint, note: stripNote(both, other) } })
    expect(await failures(verifyBundle(stripped))).toEqual(['checkpoint.signature: signature-missing'])
    const kept = await bundleOf(log, { checkpoint: { ...checkpoint, note: both } })
    expect((await verifyBundle(kept)).verdict).toBe('verified')
  })
  test('of the log that does not verify', async () => {
    const note = checkpoint.note.replace(/.{8}\n$/, 'AAAAAAA=\n')
    const broken = await bundleOf(log, { checkpoint: { ...checkpoint, note } })
    expect(await failures(verifyBundle(broken))).toEqual(['checkpoint.signature: bad-signature'])
    expect(await failures(verifyBundle(broken, byKeys()))).toEqual(['checkpoint.signature: bad-signature'])
  })
  test('of another log', async () => {
    const origin = ORIGIN.replace('5e', '5f')
    const elsewhere = await bundleOf(log, { checkpoint: await headOf(log, logSigner, origin) })
    const report = await verifyBundle(elsewhere)
    expect(report).toMatchObject({ verdict: 'tampered' })
    expect(await failures(verifyBundle(elsewhere))).toEqual(['manifest.signature: bad-signature'])
    expect(await codeOf(verifyBundle(elsewhere), 'checkpoint.signature')).toBe('no-trusted-key')
  })
  test('of a log that the trust file does not name', async () => {
    const report = await verifyBundle(bundle, byKeys())
    expect(report).toMatchObject({ verdict: 'unverified', exitCode: 12 })
    expect(report.checks.filter(({ status }) => status !== 'pass').map(({ id, code }) => [id, code])).toEqual([
      ['manifest.signature', 'no-trusted-key'],
      ['checkpoint.signature', 'no-trusted-key'],
      ['anchors', 'not-online'],
    ])
  })
  test('of another role', async () => {
    const logAsExport = { ...seededSigner('export', 1) }
    const wrong = await bundleOf(log, { signer: logAsExport })
    expect(await failures(verifyBundle(wrong))).toEqual(['manifest.signature: bad-signature'])
    const exportAsLog = await bundleOf(log, { checkpoint: await headOf(log, seededSigner('log', 2)) })
    expect(await failures(verifyBundle(exportAsLog))).toEqual(['checkpoint.signature: signature-missing'])
  })
  test('of the manifest removed', async () => {
    const without = bundle.filter(([path]) => path !== 'manifest.sig')
    expect(await failures(verifyBundle(without))).toEqual(['manifest.signature: signature-missing'])
    expect((await verifyBundle(without, byKeys(logTrust))).verdict).toBe('verified')
  })
  test('by a compromised key do not count, whatever the records say of time', async () => {
    const compromisedSince = '2029-12-31T00:00:00Z'
    const report = verifyBundle(bundle, byKeys({ ...logTrust, compromisedSince }, exportTrust))
    expect(await failures(report)).toEqual(['checkpoint.signature: key-compromised'])
    const exported = verifyBundle(bundle, byKeys(logTrust, { ...exportTrust, compromisedSince }))
    expect(await failures(exported)).toEqual(['manifest.signature: key-compromised'])
  })
  test('by a key out of its time do not count', async () => {
    const late = verifyBundle(bundle, byKeys({ ...logTrust, validUntil: '2025-12-31T00:00:00Z' }))
    expect(await failures(late)).toEqual(['checkpoint.signature: key-expired'])
    const early = verifyBundle(bundle, byKeys({ ...logTrust, validFrom: '2031-01-01T00:00:00+02:00' }))
    expect(await failures(early)).toEqual(['checkpoint.signature: key-not-yet-valid'])
    const window = { validFrom: '2025-01-01T00:00:00Z', validUntil: '2029-01-01T00:00:00Z' }
    expect((await verifyBundle(bundle, byKeys({ ...logTrust, ...window }))).verdict).toBe('verified')
  })
  test('by a rotated key count beside one that does not', async () => {
    const rotated = { ...logTrust, key: verifierKey(ORIGIN, (await otherLogSigner.publicKey()).bytes) }
    expect((await verifyBundle(bundle, byKeys(rotated, logTrust))).verdict).toBe('verified')
  })
})
