import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { EncryptionContext } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'

// Each encrypted thing has a key of its own: HKDF-SHA256 (RFC 5869) of the data key, with a random salt and a
// digest of the thing's whole context as info. So no nonce is ever used twice, and what is moved elsewhere does not open.

/** Bytes of a tag of AES-256-GCM. */
export const TAG_BYTES = 16
export const SALT_BYTES = 32
/** Most bytes of a wrapped data key. */
export const MAX_WRAPPED_BYTES = 448

export type Purpose = 'payload' | 'state' | 'blob'

/** The part of a context that the holder of the wrapping key sees and can make conditions on. */
export function keyContext(ns: string, purpose: Purpose): EncryptionContext {
  return { 'seamark:namespace': ns, 'seamark:purpose': purpose }
}

/** The key of one thing. `where` says which one, within namespace and purpose. */
export function thingKey(
  dataKey: Uint8Array,
  salt: Uint8Array,
  ns: string,
  purpose: Purpose,
  where: readonly (string | number | null)[],
): Buffer {
  // An array of texts and integers is canonical JSON; hashed, as it may be longer than an info may be.
  const info = `seamark/encryption/v1\0${sha256Hex(JSON.stringify([ns, purpose, ...where]))}`
  return Buffer.from(hkdfSync('sha256', dataKey, salt, info, 32))
}

/**
 * The nonce of the `index`-th piece: 11 bytes of its index, big endian, then 1 for the last and 0 for others, as in the
 * STREAM construction that the age format uses.
 */
function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(index, 5, 6)
  nonce[11] = last ? 1 : 0
  return nonce
}

/** Ciphertext and tag of one piece. */
export function sealPiece(key: Uint8Array, index: number, last: boolean, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index, last))
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** The plaintext of one piece; `undefined` where anything of it, its place or its context is not as it was. */
export function openPiece(key: Uint8Array, index: number, last: boolean, piece: Uint8Array): Buffer | undefined {
  if (piece.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index, last), { authTagLength: TAG_BYTES })
  decipher.setAuthTag(piece.subarray(piece.length - TAG_BYTES))
  const body = decipher.update(piece.subarray(0, piece.length - TAG_BYTES))
  try {
    decipher.final()
    return body
  } catch {
    body.fill(0)
    return undefined
  }
}

const VERSION = 1

/** A small thing: version, length and bytes of the wrapped key, one piece. */
export function sealSmall(wrapped: Uint8Array, key: Uint8Array, plaintext: Uint8Array): Buffer {
  requireWrapped(wrapped)
  const head = Buffer.alloc(3)
  head[0] = VERSION
  head.writeUInt16BE(wrapped.length, 1)
  return Buffer.concat([head, wrapped, sealPiece(key, 0, true, plaintext)])
}

/** The parts of a small thing; `undefined` for what is none. */
export function splitSmall(
  stored: Uint8Array,
): { readonly wrapped: Uint8Array; readonly piece: Uint8Array } | undefined {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  if (bytes.length < 3 || bytes[0] !== VERSION) return undefined
  const end = 3 + bytes.readUInt16BE(1)
  if (end > 3 + MAX_WRAPPED_BYTES || bytes.length < end + TAG_BYTES) return undefined
  return { wrapped: bytes.subarray(3, end), piece: bytes.subarray(end) }
}

export function requireWrapped(wrapped: Uint8Array): void {
  if (wrapped.length === 0 || wrapped.length > MAX_WRAPPED_BYTES)
    throw new SeamError(
      'UNSUPPORTED',
      `A wrapped data key of ${wrapped.length} bytes has no place: at most ${MAX_WRAPPED_BYTES}.`,
    )
}
