import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { base32, blobKey, digestStream, ITEM_ID, launchId, NAME, sha256, sha256Hex } from '../src/index.ts'

describe('SHA-256', () => {
  // FIPS 180-2, appendix B.
  it.each([
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ])('of %j', (text, hex) => {
    expect(sha256Hex(text)).toBe(hex)
    expect(Buffer.from(sha256(text)).toString('hex')).toBe(hex)
  })

  it('of a stream is that of the whole, with its size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), async (chunks) => {
        async function* stream() {
          yield* chunks
        }
        const whole = Buffer.concat(chunks)
        expect(await digestStream(stream())).toEqual({
          sha256: createHash('sha256').update(whole).digest('hex'),
          size: whole.length,
        })
      }),
    )
  })
})

describe('base32', () => {
  // RFC 4648, section 10.
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('of %j', (text, encoded) => {
    expect(base32(Buffer.from(text))).toBe(encoded)
  })

  it('has five bits in each character', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
        const bits = base32(bytes)
          .split('')
          .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'))
          .join('')
        expect(bits.slice(0, bytes.length * 8)).toBe(
          [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join(''),
        )
        expect(bits.slice(bytes.length * 8)).toMatch(/^0{0,4}$/)
      }),
    )
  })
})

describe('launchId', () => {
  // Made with Python: hashlib, base64.b32encode and json.dumps(separators=(',', ':'), ensure_ascii=False).
  it.each<[Parameters<typeof launchId>, string]>([
    [['default', 'run-1', 'lint', 1, 'main'], 'smmcrxhfmxoovqfmztq2hd44bk6rjnhiot'],
    [['acme', 'r', 'héllo\n', 12, 'gate:0'], 'sm7n4jjc4yzlvorqxgc65qtk7zk7mmnssn'],
  ])('of %j', (parts, id) => {
    expect(launchId(...parts)).toBe(id)
  })

  it('is a DNS label, and another one where any part differs', () => {
    const parts = fc.tuple(fc.string(), fc.string(), fc.string(), fc.nat(), fc.string())
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(launchId(...a)).toMatch(/^sm[a-z2-7]{32}$/)
        expect(launchId(...a) === launchId(...b)).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
    )
  })
})

describe('names', () => {
  it.each(['a', '0', 'a-b_c', 'x'.repeat(63)])('takes %j for an item', (id) => expect(id).toMatch(ITEM_ID))
  it.each(['', '-a', '_a', 'A', 'a.b', 'a/b', '..', 'a\n', 'x'.repeat(64), 'ä'])('refuses %j for an item', (id) =>
    expect(id).not.toMatch(ITEM_ID),
  )
  it.each(['a', 'a.b', '0-._'])('takes %j for a name', (name) => expect(name).toMatch(NAME))
  it.each(['.', '..', '.a', 'a/b', 'a\n', ''])('refuses %j for a name', (name) => expect(name).not.toMatch(NAME))
  it('keeps blobs of namespaces apart', () => {
    expect(blobKey('acme', 'abcd'.repeat(16))).toBe(`acme/blobs/ab/${'abcd'.repeat(16)}`)
  })
})
