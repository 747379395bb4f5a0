import { createPrivateKey, sign } from 'node:crypto'
import type { Signer } from '@seamark/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatCheckpoint,
  newOrigin,
  noteKeyId,
  parseCheckpoint,
  parseCheckpointText,
  parseNote,
  parseVerifierKey,
  requireSoundKey,
  signCheckpoint,
  stripNote,
  toHex,
  verifierKey,
  verifyEd25519,
  verifyNote,
} from '../src/index.ts'

// From the tests of golang.org/x/mod/sumdb/note.
const goKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const goNote =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n" +
  '\n' +
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

const invalid = expect.objectContaining({ code: 'INVALID_INPUT' })
const origin = newOrigin('log.example', new Uint8Array(16).fill(7))
const head = { origin, size: 12, root: 'ab'.repeat(32) }

function testSigner(seed: number, role: Signer['role'] = 'log'): Signer {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const jwk = key.export({ format: 'jwk' })
  const bytes = Buffer.from(jwk.x ?? '', 'base64url')
  return {
    spec: 'signer/v1',
    kind: 'test',
    name: 'test',
    guarantees: { keyConfined: { value: false, proof: 'unproven' } },
    role,
    sign: async (data) => ({ signature: sign(null, data, key), algorithm: 'ed25519', keyId: 'k' }),
    publicKey: async () => ({ algorithm: 'ed25519', bytes, keyId: 'k' }),
  }
}
const signer = testSigner(1)
const key = parseVerifierKey(verifierKey(origin, (await signer.publicKey()).bytes))
const { note } = await signCheckpoint(head, signer)

describe('notes', () => {
  test('a note and key made by Go verify', () => {
    const known = parseVerifierKey(goKey)
    expect(known.keyId).toBe(noteKeyId('PeterNeumann', known.key))
    expect(verifierKey(known.name, known.key)).toBe(goKey)
    expect(verifyNote(parseNote(goNote), [known])).toEqual({ verified: [known], broken: [], unknown: 0 })
    expect(verifyNote(parseNote(goNote.replace('know', 'knew')), [known])).toEqual({
      verified: [],
      broken: [known],
      unknown: 0,
    })
  })

  test('lines of unknown keys are tolerated, and stripped', async () => {
    const other = parseVerifierKey(verifierKey(origin, (await testSigner(2).publicKey()).bytes))
    const line = (await signCheckpoint(head, testSigner(2))).note.split('\n\n')[1] ?? ''
    const both = note + line
    expect(verifyNote(parseNote(both), [key])).toEqual({ verified: [key], broken: [], unknown: 1 })
    expect(verifyNote(parseNote(both), [key, other])).toEqual({ verified: [key, other], broken: [], unknown: 0 })
    expect(stripNote(both, [key])).toBe(note)
    expect(() => stripNote(note, [other])).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })

  test('one broken line of a known key outweighs its good one', () => {
    const bad = note.replace(/.{8}\n$/, 'AAAAAAA=\n')
    const twice = note + (bad.split('\n\n')[1] ?? '')
    expect(verifyNote(parseNote(twice), [key])).toMatchObject({ verified: [], broken: [key] })
  })

  test.each([
    ['no blank line', 'a\n— x AAAAAAAA\n'],
    ['no newline at the end', 'a\n\n— x AAAAAAAA'],
    ['a control character', 'a\r\n\n— x AAAAAAAA\n'],
    ['no dash', 'a\n\n- x AAAAAAAA\n'],
    ['no name', 'a\n\n—  AAAAAAAA\n'],
    ['a plus in the name', 'a\n\n— x+y AAAAAAAA\n'],
    ['a non-breaking space in the name', 'a\n\n— x\u00a0y AAAAAAAA\n'],
    ['base64 without padding', 'a\n\n— x AAAAAAA\n'],
    ['base64 with set trailing bits', 'a\n\n— x AAAAAAB=\n'],
    ['base64url', 'a\n\n— x AAAAAA__\n'],
    ['only a key id', 'a\n\n— x AAAAAA==\n'],
    ['more after the base64', 'a\n\n— x AAAAAAAA y\n'],
    ['no lines', 'a\n\n'],
    ['a lone surrogate', '\ud800\n\n— x AAAAAAAA\n'],
  ])('refuses a note with %s', (_, text) => {
    expect(() => parseNote(text)).toThrow(invalid)
  })
  test('refuses too much', () => {
    const limit = expect.objectContaining({ code: 'LIMIT_EXCEEDED' })
    expect(() => parseNote('a\n\n' + '— x AAAAAAAA\n'.repeat(65))).toThrow(limit)
    expect(() => parseNote('a'.repeat(70_000) + '\n\n— x AAAAAAAA\n')).toThrow(limit)
  })
})

describe('verifier keys', () => {
  test.each([
    ['another id', goKey.replace('c74f20a3', 'c74f20a4')],
    ['another type', goKey.replace('+AR', '+BB')],
    ['no key', 'x+c74f20a3+AQ=='],
    ['no parts', 'x'],
    ['upper-case id', goKey.replace('c74f20a3', 'C74F20A3')],
    ['a line after it', goKey + '\n'],
  ])('with %s are refused', (_, text) => {
    expect(() => parseVerifierKey(text)).toThrow(invalid)
  })

  const smallOrder = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '0100000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  ]
  const notCanonical = [
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ]
  test.each([...smallOrder, ...notCanonical, '00'])('%s is refused', (hex) => {
    expect(() => requireSoundKey(Buffer.from(hex, 'hex'))).toThrow(invalid)
    expect(verifyEd25519(Buffer.from(hex, 'hex'), new Uint8Array(), new Uint8Array(64))).toBe(false)
  })
  test('nothing verifies by chance or throws', () => {
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 70 })
    fc.assert(fc.property(bytes, bytes, bytes, (k, data, signature) => !verifyEd25519(k, data, signature)))
  })
})

describe('checkpoints', () => {
  test('are three lines, signed by the key of the origin', () => {
    expect(formatCheckpoint(head)).toBe(`${origin}\n12\n${Buffer.from(head.root, 'hex').toString('base64')}\n`)
    expect(parseCheckpoint(note)).toEqual({ ...head, note })
    expect(verifyNote(parseNote(note), [key]).verified).toEqual([key])
  })
  test.each([
    ['an extension line', (text: string) => text + 'more\n'],
    ['a leading zero', (text: string) => text.replace('12', '012')],
    ['a size over 2^53-1', (text: string) => text.replace('12', '9007199254740992')],
    ['a negative size', (text: string) => text.replace('12', '-1')],
    ['another origin form', (text: string) => text.replace('log.example', 'LOG')],
    ['a short root', (text: string) => text.replace(/q6.*/, 'qw==')],
    ['no final newline', (text: string) => text.slice(0, -1)],
  ])('with %s are refused', (_, change) => {
    expect(() => parseCheckpointText(change(formatCheckpoint(head)))).toThrow(invalid)
  })
  test('are not signed by another role, nor by a key that is not the pinned one', async () => {
    await expect(signCheckpoint(head, testSigner(1, 'export'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const swapped: Signer = { ...signer, publicKey: () => testSigner(2).publicKey() }
    await expect(signCheckpoint(head, swapped)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })
  test('any change of the note is noticed', () => {
    const bytes = Buffer.from(note)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ mask
        try {
          expect(verifyNote(parseNote(changed.toString('utf8')), [key]).verified).toEqual([])
        } catch (error) {
          expect(error).toEqual(invalid)
        }
      }),
    )
  })
})

test.each([
  ['Log.example', 16],
  ['https://log.example', 16],
  ['', 16],
  ['a+b', 16],
  ['log.example', 15],
])('no origin from host %j and %d bytes', (host, bytes) => {
  expect(() => newOrigin(host, new Uint8Array(bytes))).toThrow(invalid)
})
test('an origin is host and log id', () => {
  expect(newOrigin('seamark.invalid', new Uint8Array(16))).toBe(`seamark.invalid/${toHex(new Uint8Array(16))}`)
})
