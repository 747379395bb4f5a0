import { sha256, SeamError } from '@seamark/kit'
import { fromBase64, toBase64 } from './base64.ts'
import { requireSoundKey } from './ed25519.ts'
import { toHex } from './hash.ts'

/** An Ed25519 key that notes are verified with. */
export interface VerifierKey {
  readonly name: string
  /** Lower-case hex of 4 bytes. */
  readonly keyId: string
  /** 32 raw bytes (RFC 8032). */
  readonly key: Uint8Array
}

// Signature type of Ed25519 in c2sp.org/signed-note.
const ed25519 = 1

/** Id of an Ed25519 note key: hex of the first 4 bytes of `SHA-256(name ‖ "\n" ‖ 0x01 ‖ key)`. */
export function noteKeyId(name: string, key: Uint8Array): string {
  return toHex(sha256(Buffer.concat([Buffer.from(name + '\n', 'utf8'), Uint8Array.of(ed25519), key])).subarray(0, 4))
}

/** `<name>+<key id>+<base64 of 0x01 ‖ key>`, as Go's `sumdb/note` writes it. Errors: `INVALID_INPUT`. */
export function verifierKey(name: string, key: Uint8Array): string {
  requireKeyName(name)
  requireSoundKey(key)
  return `${name}+${noteKeyId(name, key)}+${toBase64(Buffer.concat([Uint8Array.of(ed25519), key]))}`
}

/** A verifier key from its text. Errors: `INVALID_INPUT` for anything but a sound Ed25519 key with its right id. */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', keyId = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? []
  requireKeyName(name)
  const bytes = fromBase64(encoded)
  const key = bytes.subarray(1)
  if (bytes[0] !== ed25519) throw new SeamError('INVALID_INPUT', 'The verifier key is not of type Ed25519.')
  requireSoundKey(key)
  if (noteKeyId(name, key) !== keyId)
    throw new SeamError('INVALID_INPUT', 'The verifier key has the id of another key.')
  return { name, keyId, key }
}

/** Refuses names that a note can not hold. Errors: `INVALID_INPUT`. */
export function requireKeyName(name: string): void {
  if (name === '' || name.length > 512 || /[\s+\u0000-\u001f\u0085]/u.test(name) || !name.isWellFormed())
    throw new SeamError('INVALID_INPUT', 'A key name is not empty and has no spaces and no plus sign.')
}
