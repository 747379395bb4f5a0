import { createHmac, hash } from 'node:crypto'
import { SeamError } from '@seamark/kit'
import { canonicalBytes } from './canonical.ts'

/** Root of the tree without leaves (RFC 6962): SHA-256 of nothing. */
export const EMPTY_ROOT: string = hash('sha256', '', 'hex')

/** RFC 6962 leaf hash: `SHA-256(0x00 ‖ header)`, 32 bytes. */
export function leafHash(header: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(header.length + 1)
  input[0] = 0
  input.set(header, 1)
  return sha256(input)
}

/** A header as canonical JSON and its leaf hash. Errors: those of `canonicalText`. */
export function headerBytes(header: object): { readonly bytes: Uint8Array; readonly leaf: Uint8Array } {
  // The byte before a leaf is U+0000 in UTF-8: written together, nothing is copied.
  const input = canonicalBytes(header, '\0')
  return { bytes: input.subarray(1), leaf: sha256(input) }
}

/** RFC 6962 node hash: `SHA-256(0x01 ‖ left ‖ right)`, 32 bytes. Errors: `INVALID_INPUT` for hashes that are not 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== 32 || right.length !== 32)
    throw new SeamError(
      'INVALID_INPUT',
      `A node is made of two hashes of 32 bytes, not ${left.length} and ${right.length}.`,
    )
  const input = Buffer.allocUnsafe(65)
  input[0] = 1
  input.set(left, 1)
  input.set(right, 33)
  return sha256(input)
}

// Node hands out a digest as text more than twice as fast as in a buffer of its own.
function sha256(input: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', input, 'binary'), 'binary')
}

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

const payloadDomain = 'seamark/payload/v1\0'

/**
 * Commitment to a payload: lower-case hex of `HMAC-SHA256(salt, "seamark/payload/v1" ‖ 0x00 ‖ bytes)`.
 * The salt is 32 fresh random bytes, kept beside the payload and nowhere else.
 */
export function commitPayload(salt: Uint8Array, bytes: Uint8Array): string {
  return createHmac('sha256', salt).update(payloadDomain).update(bytes).digest('hex')
}
