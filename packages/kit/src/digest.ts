import { createHash, hash } from 'node:crypto'

/** Lower-case hex SHA-256. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex')
}

/** The 32 bytes of SHA-256. */
export function sha256(data: Uint8Array | string): Uint8Array {
  // Node hands out a digest as text more than twice as fast as in a buffer of its own.
  return Buffer.from(hash('sha256', data, 'binary'), 'binary')
}

/** Size and lower-case hex SHA-256 of a stream, in constant memory. */
export async function digestStream(body: AsyncIterable<Uint8Array>): Promise<{ sha256: string; size: number }> {
  const state = createHash('sha256')
  let size = 0
  for await (const chunk of body) {
    state.update(chunk)
    size += chunk.byteLength
  }
  return { sha256: state.digest('hex'), size }
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** RFC 4648 base32 in lower case, without padding. */
export function base32(bytes: Uint8Array): string {
  let out = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += alphabet[(value >>> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  if (bits > 0) out += alphabet[(value << (5 - bits)) & 31]
  return out
}

/**
 * The deterministic id of a launch: `sm` + 32 lower-case base32 characters (160 bits) of SHA-256
 * over the canonical JSON of `[ns, run, item or layer, attempt, step]`.
 */
export function launchId(ns: string, run: string, itemOrLayer: string, attempt: number, step: string): string {
  // JSON.stringify of strings and a safe integer in an array is canonical by RFC 8785.
  return 'sm' + base32(sha256(JSON.stringify([ns, run, itemOrLayer, attempt, step])).subarray(0, 20))
}
