import { createPublicKey, verify } from 'node:crypto'
import { SeamError } from '@seamark/kit'
import { toHex } from './hash.ts'

// DER SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to the 32 raw bytes.
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

// y coordinates of the points of order 1, 2, 4 and 8, little endian, without the sign bit.
const smallOrder = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/**
 * Refuses Ed25519 public keys that anyone could sign for (small order) or that have a second
 * encoding (`y ≥ 2^255 − 19`). Errors: `INVALID_INPUT`.
 */
export function requireSoundKey(key: Uint8Array): void {
  if (key.length !== 32) throw new SeamError('INVALID_INPUT', `An Ed25519 key has 32 bytes, not ${key.length}.`)
  const y = Uint8Array.from(key)
  y[31] = (y[31] ?? 0) & 0x7f
  const canonical = !((y[0] ?? 0) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff))
  if (!canonical || smallOrder.has(toHex(y)))
    throw new SeamError('INVALID_INPUT', 'The Ed25519 key is of small order or not in canonical form.', {
      remedy: 'Ask for the key again, from where you trust it to come from.',
    })
}

/** Whether the signature (RFC 8032, 64 bytes) of `data` is by `key` (32 raw bytes). False for anything malformed. */
export function verifyEd25519(key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  try {
    requireSoundKey(key)
    const publicKey = createPublicKey({ key: Buffer.concat([spkiPrefix, key]), format: 'der', type: 'spki' })
    return verify(null, data, publicKey, signature)
  } catch {
    // Node throws for a key that is no point of the curve; such a key has signed nothing.
    return false
  }
}
