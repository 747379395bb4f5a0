import { Buffer } from 'node:buffer'
import {
  canonicalText,
  commitPayload,
  leafHash,
  newOrigin,
  nodeHash,
  signCheckpoint,
  toHex,
  verifierKey,
  type ReadHashes,
} from '../packages/log/src/index.ts'
import { canceledLater } from '../packages/evidence/test/story.ts'
import { logSigner, otherLogSigner, RUN } from '../packages/evidence/test/world.ts'
import { hex, json, treeVectors, utf8 } from './format.ts'

/** Inputs and roots that Certificate Transparency implementations publish and share. */
export const published: { readonly inputs: readonly string[]; readonly roots: readonly string[] } = {
  inputs: ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'],
  roots: [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
}

/** Vectors of canonical JSON, headers, payloads, trees, notes and run chains. */
export async function logVectors(): Promise<ReadonlyMap<string, Uint8Array>> {
  return new Map([
    ['jcs.json', json(jcs)],
    ['payload.json', json(payloads())],
    ['chain.json', json(chain())],
    ['tree.json', json(await tree())],
    ['notes.json', json(await notes())],
  ])
}

const jcs = {
  canonical: [
    {},
    [],
    null,
    true,
    0,
    -1,
    9007199254740991,
    -9007199254740991,
    '',
    '\u0000\u001f\b\t\n\f\r"\\/\u007f\u2028€😀',
    { b: 1, a: [{ d: null, c: false }], '': '' },
    // Sorted by UTF-16 code units, which is not the order of code points.
    { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 },
    { '10': 1, '9': 2, __proto__x: 3 },
  ].map((value) => canonicalText(value)),
  refused: [
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{"a": 1}',
    '[1,2] ',
    '1.0',
    '1e2',
    '0.5',
    '-0',
    '01',
    '9007199254740992',
    '"\\u0061"',
    '"\\/"',
    '"\\u001F"',
    '"\\ud800"',
    '{"\ufb33":1,"\u{1f600}":2}',
    '\ufeff{}',
    '{',
    '',
    'NaN',
    'nul',
  ],
}

function payloads(): object {
  return [0, 1, 64, 1000].flatMap((length) => {
    const salt = Uint8Array.from({ length: 32 }, (_, i) => (i * 7 + length) % 256)
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) % 256)
    const entry = { salt: hex(salt), bytes: hex(bytes), hmac: commitPayload(salt, bytes) }
    return [
      { ...entry, valid: true },
      { ...entry, salt: hex(salt.with(0, 255)), valid: false },
      { ...entry, bytes: entry.bytes + '00', valid: false },
    ]
  })
}

/** A whole log: each header with its leaf hash, and which of them are the run's, with its two seals. */
function chain(): object {
  return {
    run: RUN,
    records: canceledLater().map((record) => {
      const header = canonicalText(record)
      return { header, leaf: toHex(leafHash(utf8(header))) }
    }),
  }
}

async function tree(): Promise<object> {
  const leaves = published.inputs.map((input) => leafHash(Buffer.from(input, 'hex')))
  const pair = (from: readonly Uint8Array[]): Uint8Array[] =>
    from.flatMap((left, i) => {
      const right = from[i + 1]
      return i % 2 === 0 && right !== undefined ? [nodeHash(left, right)] : []
    })
  const levels = [leaves, pair(leaves), pair(pair(leaves)), pair(pair(pair(leaves)))]
  const read: ReadHashes = async (level, from, count) => Buffer.concat((levels[level] ?? []).slice(from, from + count))
  return { inputs: published.inputs, ...(await treeVectors(leaves, read)) }
}

async function notes(): Promise<object> {
  const origin = newOrigin('log.example', new Uint8Array(16).fill(0xa5))
  const head = { origin, size: 20_852_163, root: 'ab'.repeat(32) }
  const { note } = await signCheckpoint(head, logSigner)
  const other = await signCheckpoint(head, otherLogSigner)
  const key = verifierKey(origin, (await logSigner.publicKey()).bytes)
  const otherLine = other.note.split('\n\n')[1] ?? ''
  const goKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  const goNote =
    'If you think cryptography is the answer to your problem,\n' +
    "then you don't know what your problem is.\n\n" +
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'
  const raw = 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
  return {
    notes: [
      { key: goKey, note: goNote, verified: true, from: 'golang.org/x/mod/sumdb/note' },
      { key: goKey, note: goNote.replace('know', 'knew'), verified: false, why: 'another text' },
      { key, note, verified: true, checkpoint: head },
      { key, note: note + otherLine, verified: true, checkpoint: head, why: 'a line of an unknown key is ignored' },
      { key, note: other.note, verified: false, why: 'only an unknown key signed' },
      { key, note: note.replace('20852163', '20852164'), verified: false, why: 'another size' },
      { key, note: note.replace(/.{8}\n$/, 'AAAAAAA=\n'), verified: false, why: 'another signature' },
      { key, note: note + note.split('\n\n')[1]?.replace(/.{8}\n$/, 'AAAAAAA=\n'), verified: false, why: 'a known key’s line is broken' }, // prettier-ignore
      { key, note: note.slice(0, -1), verified: false, why: 'no newline at the end' },
      { key, note: note.replace('\n\n', '\n'), verified: false, why: 'no blank line' },
      { key, note: note.replace('—', '-'), verified: false, why: 'no dash' },
      { key, note: note.replace(/=\n$/, '\n'), verified: false, why: 'base64 without padding' },
    ],
    checkpoints: [
      { text: `${origin}\n012\nAAAA\n`, valid: false },
      ...['012', '-1', '9007199254740992', '1e3', ''].map((size) => ({
        text: `${origin}\n${size}\n${Buffer.alloc(32).toString('base64')}\n`,
        valid: false,
      })),
      { text: `${origin}\n0\n${Buffer.alloc(32).toString('base64')}\n`, valid: true },
      { text: `${origin}\n0\n${Buffer.alloc(32).toString('base64')}\nextension\n`, valid: false },
      { text: `${origin}\n0\n${Buffer.alloc(31).toString('base64')}\n`, valid: false },
      { text: `log.example\n0\n${Buffer.alloc(32).toString('base64')}\n`, valid: false },
    ],
    keys: [
      { key, valid: true },
      { key: key.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), valid: false, why: 'the id of another key' },
      ...[
        '0100000000000000000000000000000000000000000000000000000000000000',
        'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
        '0000000000000000000000000000000000000000000000000000000000000000',
        '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
        'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
        raw,
      ].map((bytes) => ({ raw: bytes, valid: false, why: 'small order or not canonical' })),
    ],
  }
}
