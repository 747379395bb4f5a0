import { SeamError } from '@seamark/kit'
import { EMPTY_ROOT, nodeHash, toHex } from './hash.ts'
import { LIMITS } from './limits.ts'
import { rangeHash, splitOf, type ReadHashes } from './subtree.ts'

/**
 * RFC 6962 inclusion proof of leaf `index` in the tree of `size` leaves, lowest sibling first.
 * O(log n) reads. Errors: `INVALID_INPUT` for a leaf outside the tree, `INTEGRITY`.
 */
export async function inclusionProof(read: ReadHashes, index: number, size: number): Promise<Uint8Array[]> {
  if (!isSize(index) || !isSize(size) || index >= size)
    throw new SeamError('INVALID_INPUT', `There is no leaf ${index} in a tree of ${size}.`)
  const proof: Uint8Array[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      proof.push(await rangeHash(read, middle, end))
      end = middle
    } else {
      proof.push(await rangeHash(read, start, middle))
      start = middle
    }
  }
  return proof.reverse()
}

/**
 * RFC 6962 consistency proof between the trees of the first `from` and the first `to` leaves;
 * empty for `from` 0 or equal sizes. O(log n) hashes. Errors: `INVALID_INPUT`, `INTEGRITY`.
 */
export async function consistencyProof(read: ReadHashes, from: number, to: number): Promise<Uint8Array[]> {
  if (!isSize(from) || !isSize(to) || from > to)
    throw new SeamError('INVALID_INPUT', `A tree of ${from} leaves can not have grown to ${to}.`)
  if (from === 0 || from === to) return []
  const proof: Uint8Array[] = []
  let start = 0
  let end = to
  while (from !== end) {
    const middle = start + splitOf(end - start)
    if (from <= middle) {
      proof.push(await rangeHash(read, middle, end))
      end = middle
    } else {
      proof.push(await rangeHash(read, start, middle))
      start = middle
    }
  }
  // The old root itself is known to the verifier where the old tree is a whole left subtree.
  if (start > 0) proof.push(await rangeHash(read, start, end))
  return proof.reverse()
}

/** RFC 9162 section 2.1.3.2. False for anything that does not prove it, however malformed. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes([leaf, root, ...proof])) return false
  let node = index
  let last = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else hash = nodeHash(hash, sibling)
    node = half(node)
    last = half(last)
  }
  return last === 0 && equal(hash, root)
}

/** RFC 9162 section 2.1.4.2; the empty tree is consistent with every tree. False for anything that does not prove it. */
export function verifyConsistency(
  from: number,
  to: number,
  fromRoot: Uint8Array,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(from) || !isSize(to) || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false
  if (from === to) return proof.length === 0 && equal(fromRoot, toRoot)
  if (from === 0) return proof.length === 0 && toHex(fromRoot) === EMPTY_ROOT
  let node = from - 1
  let last = to - 1
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  const [first, ...rest] = node === 0 ? [fromRoot, ...proof] : proof
  if (first === undefined) return false
  let oldHash = first
  let newHash = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash)
      newHash = nodeHash(sibling, newHash)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else newHash = nodeHash(newHash, sibling)
    node = half(node)
    last = half(last)
  }
  return last === 0 && equal(oldHash, fromRoot) && equal(newHash, toRoot)
}

// Division and not bit operators: sizes go beyond 32 bits.
function half(n: number): number {
  return Math.floor(n / 2)
}

function isSize(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= LIMITS.proofHashes + 2 && hashes.every((hash) => hash.length === 32)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
