import type { AnyRecord } from '@seamark/core'
import { canonicalJson, canonicalText, leafHash, toHex } from '@seamark/log'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bundle, checkpoint, inOrder, log, receipt, resigned, withFile } from './forge.ts'
import { canceledLater, patchA } from './story.ts'
import {
  bundleOf,
  exportSigner,
  failures,
  filesOf,
  hashesOf,
  headOf,
  NOW,
  ORIGIN,
  otherLogSigner,
  rebuild,
  tarOf,
  trust,
  verifyBundle,
  verifyTar,
  type Bundle,
} from './world.ts'
import { verify } from '../src/index.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const withRecords = (change: (lines: string[]) => string[]): Promise<Bundle> =>
  withFile('records.jsonl', (bytes) =>
    encoder.encode(
      change(decoder.decode(bytes).split('\n').slice(0, -1))
        .map((line) => line + '\n')
        .join(''),
    ),
  )

const rest = bundle.filter(([name]) => !name.startsWith('manifest'))

describe('any byte', () => {
  test('flipped in a tar is not verified, and never throws', async () => {
    const tar = await tarOf(bundle)
    await fc.assert(
      fc.asyncProperty(fc.nat(tar.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Uint8Array.from(tar)
        changed[at] = (changed[at] ?? 0) ^ mask
        expect((await verifyTar(changed)).verdict).not.toBe('verified')
        const untrusting = await verifyTar(changed, { ...trust, keys: [] })
        expect(['tampered', 'unreadable']).toContain(untrusting.verdict)
      }),
      { numRuns: 300 },
    )
  })
  test('flipped in a file of a folder is not verified', async () => {
    for (const [path, bytes] of bundle) {
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
          const changed = Uint8Array.from(bytes)
          changed[at] = (changed[at] ?? 0) ^ mask
          const report = await verifyBundle(bundle.map(([name, old]) => [name, name === path ? changed : old]))
          expect(report.verdict).toBe('tampered')
        }),
        { numRuns: 25 },
      )
    }
  })
  test('cut off or added is not verified', async () => {
    const tar = await tarOf(bundle)
    for (const at of [1, 511, 512, 1024, 4_000, tar.length - 512, tar.length - 1])
      expect((await verifyTar(tar.subarray(0, at))).verdict).not.toBe('verified')
    expect(await failures(verifyTar(Buffer.concat([tar, Buffer.alloc(1)])))).toEqual(['bundle.layout: archive-damaged'])
  })
  test('of noise is unreadable, never an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3_000 }), async (noise) => {
        expect(await verifyTar(noise)).toMatchObject({ verdict: 'unreadable', exitCode: 2 })
        expect((await verifyBundle([['manifest.json', noise]])).exitCode).not.toBe(0)
      }),
    )
  })
})

describe('files', () => {
  const expectFailures = async (files: Bundle, expected: string[]) =>
    expect(await failures(verifyBundle(files))).toEqual(expected)

  test('that the manifest does not list', async () => {
    await expectFailures(
      [...bundle, [`artifacts/${'00'.repeat(32)}`, patchA]],
      ['bundle.layout: file-order', 'artifacts.digest: digest-mismatch'],
    )
    const receipts: Bundle = bundle.flatMap((file): Bundle =>
      file[0].startsWith('artifacts/') ? [['receipts/x.json', encoder.encode(canonicalText(receipt))], file] : [file],
    )
    await expectFailures(receipts, ['bundle.layout: unlisted-file'])
  })
  test('of an unknown name', async () => {
    await expectFailures([...bundle, ['../evil', patchA]], ['bundle.layout: unknown-path'])
  })
  test('in another order, or twice', async () => {
    const [a, b, c, d, ...more] = bundle
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('short')
    await expectFailures([a, b, d, c, ...more], ['bundle.layout: file-order'])
    await expectFailures([a, b, c, c, d, ...more], ['bundle.layout: file-order'])
  })
  test('that are missing', async () => {
    for (const [path] of rest)
      expect(await failures(verifyBundle(bundle.filter(([name]) => name !== path)))).toContain(
        'bundle.layout: missing-file',
      )
    for (const path of ['checkpoint', 'trust-hints.json', 'proof.bin', 'records.jsonl', 'README.md'])
      expect(await failures(verifyBundle(await withFile(path, () => undefined)))).toContain(
        'bundle.layout: missing-file',
      )
  })
  test('of another size or digest', async () => {
    const readme = bundle.at(-1)?.[1] ?? new Uint8Array()
    const others = bundle.slice(0, -1)
    await expectFailures([...others, ['README.md', readme.subarray(1)]], ['manifest.files: size-mismatch'])
    await expectFailures(
      [...others, ['README.md', readme.map((byte) => byte ^ 1)]],
      ['manifest.files: digest-mismatch'],
    )
  })
  test('that are too large to hold in memory', async () => {
    await expectFailures(await withFile('checkpoint', () => new Uint8Array(100_000)), ['bundle.layout: file-too-large'])
  })
  test.each<[string, object]>([
    ['an unknown field', { more: 1 }],
    ['another version', { version: 2 }],
    ['size 0', { size: 0 }],
    ['a path twice', { files: [1, 2].map(() => ({ path: 'checkpoint', size: 0, sha256: '00'.repeat(32) })) }],
    ['itself as a file', { files: [{ path: 'manifest.json', size: 0, sha256: '00'.repeat(32) }] }],
  ])('with a manifest with %s', async (_, changes) => {
    expect(await failures(verifyBundle(await resigned(rest, changes)))).toContain('manifest.form: not-canonical')
  })
  test('with a manifest that is not canonical', async () => {
    const [manifest, signature, ...more] = bundle
    const spaced = encoder.encode(decoder.decode(manifest?.[1]) + '\n')
    expect(await failures(verifyBundle([['manifest.json', spaced], signature ?? ['', spaced], ...more]))).toContain(
      'manifest.form: not-canonical',
    )
  })
  test.each<[string, string]>([
    ['millions of values', '0'],
    ['millions of lists', '[]'],
    ['many files that are none', '"twenty characters.."'],
  ])('with a manifest of %s is refused in the memory that its size needs', async (_, value) => {
    const count = Math.floor((8 * 2 ** 20) / (value.length + 1))
    const manifest = encoder.encode(`{"files":[${Array.from({ length: count }, () => value).join(',')}]}`)
    const before = process.memoryUsage().heapUsed
    let most = 0
    const report = await verify(
      (async function* () {
        yield* filesOf([['manifest.json', manifest], ...bundle.slice(1)])
        most = process.memoryUsage().heapUsed
      })(),
      trust,
      { now: NOW },
    )
    expect(report.verdict).toBe('tampered')
    expect(most - before).toBeLessThan(64 * 2 ** 20)
  })
  test('that never end are not read to their end', async () => {
    let given = 0
    const endless = async function* () {
      for (; given < 10_000; given++) yield new Uint8Array(1000)
    }
    for (const path of ['manifest.sig', 'records.jsonl', 'README.md', 'artifacts/unknown']) {
      given = 0
      const files = async function* () {
        for await (const file of filesOf(bundle)) {
          if (file.path !== path) yield file
          else yield { ...file, size: 10_000_000, body: endless() }
        }
        if (path === 'artifacts/unknown') yield { path, size: 10_000_000, body: endless() }
      }
      expect((await verify(files(), trust, { now: NOW })).verdict).toBe('tampered')
      expect([path, given < 100]).toEqual([path, true])
    }
  })
  test('with a manifest for another head, run or namespace', async () => {
    expect(await failures(verifyBundle(await resigned(rest, { size: log.length + 1 })))).toEqual([
      'checkpoint.head: size-mismatch',
    ])
    expect(await failures(verifyBundle(await resigned(rest, { origin: ORIGIN.replace('5e', '5f') })))).toEqual([
      'checkpoint.head: origin-mismatch',
    ])
    expect(await failures(verifyBundle(await resigned(rest, { run: 'run-2' })))).toEqual(['records.run: other-run'])
    expect(await failures(verifyBundle(await resigned(rest, { ns: 'other' })))).toEqual([
      'records.run: other-namespace',
    ])
  })
  test('with a checkpoint or hints that are not canonical', async () => {
    const crlf = await withFile('checkpoint', (bytes) => encoder.encode(decoder.decode(bytes).replace('\n', '\r\n')))
    expect(await failures(verifyBundle(crlf))).toContain('checkpoint.form: not-canonical')
    const notText = await withFile('checkpoint', () => Uint8Array.of(0xff))
    expect(await failures(verifyBundle(notText))).toContain('checkpoint.form: not-canonical')
    const hints = await withFile('trust-hints.json', () => encoder.encode('{}'))
    await expectFailures(hints, ['hints.form: not-canonical'])
  })
})

describe('records', () => {
  const ofOtherRun = canonicalText(log.find(({ run }) => run === 'other'))
  const at = (lines: readonly string[], i: number) => lines[i] ?? ''

  test.each<[string, (lines: string[]) => string[], string[]]>([
    [
      'dropped',
      (l) => l.toSpliced(5, 1),
      ['log.inclusion: proof-too-short', 'run.chain: run-seq-gap', 'run.seal: seal-mismatch'],
    ],
    [
      'repeated',
      (l) => l.toSpliced(5, 0, at(l, 5)),
      ['records.order: seq-order', 'log.inclusion: out-of-order', 'run.chain: run-seq-gap'],
    ],
    [
      'swapped',
      (l) => l.with(5, at(l, 6)).with(6, at(l, 5)),
      ['records.order: seq-order', 'log.inclusion: out-of-order', 'run.chain: run-seq-gap'],
    ],
    ['added from another run', (l) => l.toSpliced(15, 0, ofOtherRun), ['records.run: other-run']],
    ['cut off at the tail', (l) => l.slice(0, -1), ['log.inclusion: proof-too-short', 'run.seal: tail-missing']],
    [
      'cut off at the head',
      (l) => l.slice(1),
      ['log.inclusion: proof-too-short', 'run.chain: run-seq-gap', 'items.legality: not-submitted'],
    ],
    [
      'edited',
      (l) => l.with(6, at(l, 6).replace('exit-code', 'exit-coda')),
      ['log.inclusion: root-mismatch', 'run.chain: prev-mismatch', 'run.seal: seal-mismatch'],
    ],
    [
      'given a field under another optional name',
      (l) => l.with(6, at(l, 6).replace('"attempt":1', '"cause":1')),
      ['records.form: invalid-header'],
    ],
    [
      'given an unknown field',
      (l) => l.with(6, at(l, 6).replace('"v":1', '"v":1,"w":1')),
      ['records.form: invalid-header'],
    ],
    ['given white space', (l) => l.with(6, at(l, 6) + ' '), ['records.form: not-canonical']],
    ['all gone', () => [], ['records.form: no-records']],
    ['parted by an empty line', (l) => l.toSpliced(3, 0, ''), ['records.form: not-canonical']],
    ['with one over 60 kB', (l) => l.toSpliced(3, 0, 'x'.repeat(60_001)), ['records.form: header-too-large']],
  ])('%s', async (_, change, expected) => {
    const found = await failures(verifyBundle(await withRecords(change)))
    for (const failure of expected) expect(found).toContain(failure)
  })
  test('without the last newline', async () => {
    const cut = await withFile('records.jsonl', (bytes) => bytes.subarray(0, -1))
    expect(await failures(verifyBundle(cut))).toEqual(['records.form: not-canonical'])
  })
  test('past the end of the tree', async () => {
    const larger = await bundleOf(canceledLater(), { signer: exportSigner })
    const records = larger.find(([name]) => name === 'records.jsonl')?.[1]
    expect(await failures(verifyBundle(await withFile('records.jsonl', () => records)))).toContain(
      'log.inclusion: outside',
    )
  })
  test('with a proof that is too long, too short or changed', async () => {
    const proof = (change: (bytes: Uint8Array) => Uint8Array) =>
      withFile('proof.bin', change).then((files) => failures(verifyBundle(files)))
    expect(await proof((bytes) => Buffer.concat([bytes, new Uint8Array(32)]))).toEqual([
      'log.inclusion: proof-too-long',
    ])
    expect(await proof((bytes) => bytes.subarray(32))).toEqual(['log.inclusion: proof-too-short'])
    expect(await proof((bytes) => bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte)))).toEqual([
      'log.inclusion: root-mismatch',
    ])
  })
})

describe('an operator', () => {
  const edited = rebuild(
    log.map((record): AnyRecord =>
      record.kind === 'attempt.ended' && record.item === 'c'
        ? { ...record, data: { ...record.data, reason: 'timeout' } }
        : record,
    ),
  )

  test('who edits a record and rebuilds the tree, but not the checkpoint, is caught', async () => {
    const fork = await bundleOf(edited, { checkpoint })
    expect(await failures(verifyBundle(fork))).toEqual(['log.inclusion: root-mismatch'])
  })
  test('who signs it again with another key is caught', async () => {
    const fork = await bundleOf(edited, { checkpoint: await headOf(edited, otherLogSigner) })
    expect(await failures(verifyBundle(fork))).toEqual(['checkpoint.signature: signature-missing'])
  })
  test('who signs it again with the real key is not, and the report says who could have', async () => {
    const fork = await bundleOf(edited)
    const report = await verifyBundle(fork)
    expect(report.verdict).toBe('verified')
    expect(report.properties.find(({ name }) => name === 'single-history')).toMatchObject({
      status: 'not-checked',
      value: '0/0',
    })
    expect((await verifyBundle(fork, { ...trust, required: ['single-history'] })).exitCode).toBe(12)
  })
  test('who gives a receipt for another checkpoint is caught', async () => {
    for (const change of [{ size: 3 }, { root: '00'.repeat(32) }, { origin: ORIGIN.replace('5e', '5f') }]) {
      const other = await withFile('receipts/f.json', () => encoder.encode(canonicalText({ ...receipt, ...change })))
      expect(await failures(verifyBundle(inOrder(other)))).toEqual(['receipts.checkpoint: other-checkpoint'])
    }
    const odd = await withFile('receipts/f.json', () => encoder.encode('{}'))
    expect(await failures(verifyBundle(inOrder(odd)))).toEqual(['receipts.checkpoint: not-canonical'])
  })
})

test('the leaf of a record is what its line hashes to', async () => {
  const tree = hashesOf(log)
  expect(toHex(await tree(0, 2, 1))).toBe(toHex(leafHash(canonicalJson(log[2]))))
})
