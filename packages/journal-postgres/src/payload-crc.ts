import { crc32 } from 'node:zlib'

/** Tells accidental damage of a stored payload; the commitment in the record's header is what proves it. */
export function payloadCrc(salt: Uint8Array, bytes: Uint8Array): number {
  return crc32(bytes, crc32(salt))
}
