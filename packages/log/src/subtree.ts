import { SeamError } from '@seamark/kit'
import { emptyFrontier, levelsOf, restoreFrontier, type Frontier } from './frontier.ts'
import { nodeHash, toHex } from './hash.ts'

/**
 * Reads hashes `from` to `from+count−1` of a stored level (0, 4, 8, …), concatenated: `Journal.hashes`
 * of one namespace.
 */
export type ReadHashes = (level: number, from: number, count: number) => Promise<Uint8Array>

/**
 * Hash of the complete subtree over leaves `index·2^level` to `(index+1)·2^level−1`, in one read.
 * Errors: `INTEGRITY` where a hash is missing; those of `read`.
 */
export async function subtreeHash(read: ReadHashes, level: number, index: number): Promise<Uint8Array> {
  const stored = level - (level % 4)
  const count = 2 ** (level - stored)
  const bytes = await read(stored, index * count, count)
  if (bytes.length !== 32 * count)
    throw new SeamError('INTEGRITY', `Hashes of level ${stored} from ${index * count} on are missing.`, {
      remedy: 'Run `seamark doctor --deep` to see what else is damaged.',
    })
  return perfectRoot(bytes)
}

/** Root over a power of two of hashes, concatenated. */
export function perfectRoot(hashes: Uint8Array): Uint8Array {
  if (hashes.length <= 32) return hashes
  const half = hashes.length / 2
  return nodeHash(perfectRoot(hashes.subarray(0, half)), perfectRoot(hashes.subarray(half)))
}

/** RFC 6962 hash over leaves `start` to `end−1`, which must be a node of the tree. O(log n) reads. */
export async function rangeHash(read: ReadHashes, start: number, end: number): Promise<Uint8Array> {
  let hash: Uint8Array | undefined
  let stop = end
  // Right to left: the complete subtrees that a range at the right edge is made of.
  for (const level of levelsOf(end - start).reverse()) {
    stop -= 2 ** level
    const left = await subtreeHash(read, level, stop / 2 ** level)
    hash = hash === undefined ? left : nodeHash(left, hash)
  }
  return hash ?? emptyFrontier().root()
}

/** The frontier of the tree's first `size` leaves, from stored hashes. O(log n) reads. */
export async function readFrontier(read: ReadHashes, size: number): Promise<Frontier> {
  const hashes: string[] = []
  let start = 0
  for (const level of levelsOf(size)) {
    hashes.push(toHex(await subtreeHash(read, level, start / 2 ** level)))
    start += 2 ** level
  }
  return restoreFrontier({ size, hashes })
}

/** Largest power of two smaller than `n`, for `n` of at least 2: where RFC 6962 splits a tree. */
export function splitOf(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}
