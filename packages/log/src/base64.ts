import { SeamError } from '@seamark/kit'

/** Standard base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Bytes of canonical base64. Errors: `INVALID_INPUT` for any other alphabet, missing padding or set trailing bits. */
export function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  // Node skips what it does not know; only the one canonical form survives the way back.
  if (bytes.toString('base64') !== text) throw new SeamError('INVALID_INPUT', 'It is not canonical base64.')
  return new Uint8Array(bytes)
}
