import { EMPTY_ROOT, nodeHash, toHex } from '@seamark/log'
import type { ReadHashes } from '@seamark/log'

/** RFC 6962 root, lower-case hex, of the first `size` leaves: one read a stored level. `undefined` where hashes are missing. */
export async function rootAt(size: number, read: ReadHashes): Promise<string | undefined> {
  if (size === 0) return EMPTY_ROOT
  // Right to left: under a stored level, at most 15 subtrees are joined.
  let right: Uint8Array | undefined
  for (let level = 0; ; level += 4) {
    const complete = Math.floor(size / 2 ** level)
    if (complete === 0) break
    const count = complete % 16
    if (count === 0) continue
    const bytes = await read(level, complete - count, count)
    if (bytes.length !== count * 32) return undefined
    for (let width = 1; width < 16; width *= 2) {
      if ((count & width) === 0) continue
      const start = count - (count % (2 * width))
      const peak = perfectRoot(bytes.subarray(start * 32, (start + width) * 32))
      right = right === undefined ? peak : nodeHash(peak, right)
    }
  }
  return right === undefined ? undefined : toHex(right)
}

/** Root over a power of two of hashes, concatenated. */
export function perfectRoot(hashes: Uint8Array): Uint8Array {
  if (hashes.length === 32) return hashes
  const half = hashes.length / 2
  return nodeHash(perfectRoot(hashes.subarray(0, half)), perfectRoot(hashes.subarray(half)))
}
