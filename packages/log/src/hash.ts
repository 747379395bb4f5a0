import { createHmac, hash } from 'node:crypto'

/** Root of the tree without leaves (RFC 6962): SHA-256 of nothing. */
export const EMPTY_ROOT: string = hash('sha256', '', 'hex')

/** RFC 6962 leaf hash: `SHA-256(0x00 ‖ header)`, 32 bytes. */
export function leafHash(header: Uint8Array): Uint8Array {
  const input = new Uint8Array(header.length + 1)
  input.set(header, 1)
  return hash('sha256', input, 'buffer')
}

/** RFC 6962 node hash: `SHA-256(0x01 ‖ left ‖ right)`, 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(65)
  input[0] = 1
  input.set(left, 1)
  input.set(right, 33)
  return hash('sha256', input, 'buffer')
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
