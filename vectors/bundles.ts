import { createHash } from 'node:crypto'
import type { AnyRecord, TrustFile } from '../packages/core/src/index.ts'
import { canonicalJson, verifierKey } from '../packages/log/src/index.ts'
import { manifestMessage } from '../packages/evidence/src/index.ts'
import { canceledLater, disclosed, patchA, storyLog, takenLog } from '../packages/evidence/test/story.ts'
import {
  bundleOf,
  chunksOf,
  exportSigner,
  headOf,
  ORIGIN,
  otherLogSigner,
  rebuild,
  RUN,
  tarOf,
  trust,
  type Bundle,
} from '../packages/evidence/test/world.ts'
import { json, utf8 } from './format.ts'

/** What a verifier must say of a bundle. */
interface Case {
  readonly name: string
  readonly bundle: Uint8Array
  /** Name of a file in `trust/`; none where the verifier trusts nobody. */
  readonly trust?: string
  readonly verdict: 'verified' | 'tampered' | 'unverified' | 'unreadable'
  /** Checks that must fail. */
  readonly failed?: readonly string[]
}

/** Whole bundles as tars, with trust files and the verdict on each. */
export async function bundleVectors(): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const [name, value] of Object.entries(await trustFiles())) files.set(`trust/${name}.json`, json(value))
  const index: object[] = []
  for (const { bundle, ...expected } of await bundleCases()) {
    files.set(expected.path, bundle)
    index.push(expected)
  }
  files.set('bundles.json', json(index))
  files.set('trust.json', json(await trustCases()))
  return files
}

/** Every case with the path of its tar; equal tars are one file. */
export async function bundleCases(): Promise<readonly (Case & { readonly path: string })[]> {
  const all = await cases()
  return all.map((entry) => {
    const same = all.find(({ bundle }) => Buffer.compare(bundle, entry.bundle) === 0) ?? entry
    return { ...entry, path: `bundles/${same.name}.tar` }
  })
}

async function trustFiles(): Promise<Record<string, TrustFile>> {
  const [log, exported] = trust.keys
  if (log === undefined || exported === undefined) throw new Error('two keys')
  const other = { ...log, key: verifierKey(ORIGIN, (await otherLogSigner.publicKey()).bytes) }
  return {
    good: trust,
    nobody: { ...trust, keys: [] },
    rotated: { ...trust, keys: [other, log, exported] },
    compromised: { ...trust, keys: [{ ...log, compromisedSince: '2029-01-01T00:00:00Z' }, exported] },
    expired: { ...trust, keys: [{ ...log, validUntil: '2025-01-01T00:00:00Z' }, exported] },
    witnessed: { ...trust, required: ['single-history'] },
  }
}

async function trustCases(): Promise<object[]> {
  const [log, exported] = (await trustFiles())['good']?.keys ?? []
  return [
    { trust, valid: true },
    { trust: { ...trust, version: 2 }, valid: false },
    { trust: { ...trust, more: 1 }, valid: false },
    { trust: { ...trust, keys: [{ ...log, origin: ORIGIN.replace('5e', '5f') }] }, valid: false },
    { trust: { ...trust, keys: [{ ...exported, key: Buffer.alloc(32).toString('base64') }] }, valid: false },
    { trust: { ...trust, keys: [{ ...log, validFrom: '2025-01-01' }] }, valid: false },
  ]
}

async function cases(): Promise<Case[]> {
  const log = storyLog()
  const artifact = {
    sha256: createHash('sha256').update(patchA).digest('hex'),
    size: patchA.length,
    open: () => chunksOf(patchA),
  }
  const checkpoint = await headOf(log)
  const good = await bundleOf(log, { disclose: disclosed, artifacts: [artifact] })
  const tar = await tarOf(good)
  const later = await tarOf(await bundleOf(canceledLater()))
  const edited = rebuild(
    log.map((record): AnyRecord =>
      record.kind === 'attempt.ended' && record.item === 'c'
        ? { ...record, data: { ...record.data, reason: 'timeout' } }
        : record,
    ),
  )
  const flipped = Uint8Array.from(tar)
  const middle = Buffer.from(tar).indexOf('exit-code')
  flipped[middle] = (flipped[middle] ?? 0) ^ 1
  const tampered = async (
    name: string,
    failed: string,
    path: string,
    change: (bytes: Uint8Array) => Uint8Array | undefined,
  ): Promise<Case> => ({
    name,
    bundle: await tarOf(await withFile(good, path, change)),
    trust: 'good',
    verdict: 'tampered',
    failed: [failed],
  })
  const lines = (change: (all: string[]) => string[]) => (bytes: Uint8Array) =>
    utf8(change(Buffer.from(bytes).toString('utf8').split('\n').slice(0, -1)).map((line) => line + '\n').join('')) // prettier-ignore
  return [
    { name: 'good', bundle: tar, trust: 'good', verdict: 'verified' },
    { name: 'good-rotated', bundle: tar, trust: 'rotated', verdict: 'verified' },
    { name: 'good-cancelled-later', bundle: later, trust: 'good', verdict: 'verified' },
    { name: 'good-taken', bundle: await tarOf(await bundleOf(takenLog('taken'))), trust: 'good', verdict: 'verified' },
    { name: 'no-trust', bundle: tar, verdict: 'unverified' },
    { name: 'nobody-trusted', bundle: tar, trust: 'nobody', verdict: 'unverified' },
    { name: 'required-not-run', bundle: tar, trust: 'witnessed', verdict: 'unverified' },
    {
      name: 'key-compromised',
      bundle: tar,
      trust: 'compromised',
      verdict: 'tampered',
      failed: ['checkpoint.signature'],
    },
    { name: 'key-expired', bundle: tar, trust: 'expired', verdict: 'tampered', failed: ['checkpoint.signature'] },
    { name: 'byte-flipped', bundle: flipped, trust: 'good', verdict: 'tampered', failed: ['manifest.files'] },
    { name: 'cut-off', bundle: tar.subarray(0, tar.length - 512), trust: 'good', verdict: 'tampered' },
    { name: 'not-a-bundle', bundle: utf8('hello\n'), trust: 'good', verdict: 'unreadable' },
    {
      name: 'edited-not-signed',
      bundle: await tarOf(await bundleOf(edited, { checkpoint })),
      trust: 'good',
      verdict: 'tampered',
      failed: ['log.inclusion'],
    },
    {
      name: 'edited-signed-by-another-key',
      bundle: await tarOf(await bundleOf(edited, { checkpoint: await headOf(edited, otherLogSigner) })),
      trust: 'good',
      verdict: 'tampered',
      failed: ['checkpoint.signature'],
    },
    {
      name: 'export-signed-by-another-key',
      bundle: await tarOf(await bundleOf(log, { signer: { ...otherLogSigner, role: 'export' } })),
      trust: 'good',
      verdict: 'tampered',
      failed: ['manifest.signature'],
    },
    {
      name: 'export-not-signed',
      bundle: await tarOf(good.filter(([path]) => path !== 'manifest.sig')),
      trust: 'good',
      verdict: 'tampered',
      failed: ['manifest.signature'],
    },
    {
      name: 'unlisted-file',
      bundle: await tarOf(good.flatMap((file): Bundle => (file[0] === 'README.md' ? [[`artifacts/${'ff'.repeat(32)}`, patchA], file] : [file]))), // prettier-ignore
      trust: 'good',
      verdict: 'tampered',
      failed: ['bundle.layout'],
    },
    await tampered('file-missing', 'bundle.layout', 'README.md', () => undefined),
    await tampered(
      'record-dropped',
      'run.chain',
      'records.jsonl',
      lines((all) => all.toSpliced(6, 1)),
    ),
    await tampered(
      'record-repeated',
      'records.order',
      'records.jsonl',
      lines((all) => all.toSpliced(6, 0, all[6] ?? '')),
    ),
    await tampered('records-swapped', 'records.order', 'records.jsonl', lines((all) => all.with(6, all[7] ?? '').with(7, all[6] ?? ''))), // prettier-ignore
    await tampered('record-edited', 'log.inclusion', 'records.jsonl', lines((all) => all.with(6, (all[6] ?? '').replace('exit-code', 'exit-coda')))), // prettier-ignore
    await tampered('record-not-canonical', 'records.form', 'records.jsonl', lines((all) => all.with(6, (all[6] ?? '') + ' '))), // prettier-ignore
    await tampered(
      'tail-cut-off',
      'run.seal',
      'records.jsonl',
      lines((all) => all.slice(0, -1)),
    ),
    await tampered('proof-changed', 'log.inclusion', 'proof.bin', (bytes) => bytes.with(0, (bytes[0] ?? 0) ^ 1)),
    await tampered('payload-changed', 'payloads.commitment', 'payloads.jsonl', (bytes) =>
      utf8(Buffer.from(bytes).toString('utf8').replace('"salt":"VVVV', '"salt":"AVVV')),
    ),
    {
      name: 'status-not-borne-out',
      bundle: await tarOf(
        await bundleOf(
          rebuild(log.map((record): AnyRecord => (record.kind === 'run.sealed' ? { ...record, data: { ...record.data, status: 'succeeded' } } : record))), // prettier-ignore
        ),
      ),
      trust: 'good',
      verdict: 'tampered',
      failed: ['run.status'],
    },
    {
      name: 'input-not-supplied',
      bundle: await tarOf(
        await bundleOf(
          rebuild(
            log.map((record): AnyRecord =>
              record.kind === 'item.launched' && record.item === 'b' && record.attempt === 1
                ? { ...record, data: { ...record.data, inputs: (record.data.inputs ?? []).map((input) => ({ ...input, blob: { ...input.blob, sha256: '00'.repeat(32) } })) } } // prettier-ignore
                : record,
            ),
          ),
        ),
      ),
      trust: 'good',
      verdict: 'tampered',
      failed: ['items.inputs'],
    },
    {
      name: 'taken-without-needs',
      bundle: await tarOf(await bundleOf(takenLog('launched'))),
      trust: 'good',
      verdict: 'tampered',
      failed: ['items.legality'],
    },
  ]
}

/** The bundle with one file changed, listed and signed again by who holds the export key. */
async function withFile(
  from: Bundle,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array | undefined,
): Promise<Bundle> {
  const files = from
    .filter(([name]) => !name.startsWith('manifest'))
    .flatMap(([name, bytes]): Bundle => {
      const next = name === path ? change(bytes) : bytes
      return next === undefined ? [] : [[name, next]]
    })
  const listed = files
    .map(([name, bytes]) => ({
      path: name,
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  const size = storyLog().length
  const manifest = canonicalJson({ version: 1, ns: 'default', run: RUN, origin: ORIGIN, size, files: listed })
  const { signature } = await exportSigner.sign(manifestMessage(manifest))
  return [['manifest.json', manifest], ['manifest.sig', signature], ...files]
}
