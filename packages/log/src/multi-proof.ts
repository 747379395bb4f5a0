import { SeamError } from '@seamark/kit'
import { EMPTY_ROOT, nodeHash } from './hash.ts'
import { rangeHash, type ReadHashes } from './subtree.ts'

/** A node of the tree over leaves `start` to `end−1`. Complete with `2^level` leaves, or at the right edge. */
interface Subtree {
  readonly start: number
  readonly end: number
  readonly level: number
}

/**
 * One proof that all leaves `seqs` (ascending) are in the tree of `size` leaves: the 32-byte hashes,
 * left to right and concatenated, of the maximal subtrees that hold none of them.
 *
 * Errors: `INVALID_INPUT` for leaves outside the tree or out of order, `INTEGRITY`.
 */
export async function multiProof(
  read: ReadHashes,
  seqs: Iterable<number> | AsyncIterable<number>,
  size: number,
): Promise<Uint8Array> {
  const hashes: Uint8Array[] = []
  let next = 0
  for await (const seq of seqs) {
    if (!Number.isSafeInteger(seq) || seq < next || seq >= size)
      throw new SeamError('INVALID_INPUT', `Leaf ${seq} is out of order or outside a tree of ${size}.`)
    for (const { start, end } of gapBefore(next, seq)) hashes.push(await rangeHash(read, start, end))
    next = seq + 1
  }
  for (const { start, end } of gapAtEnd(next, size)) hashes.push(await rangeHash(read, start, end))
  return Buffer.concat(hashes)
}

/** Why a multi-proof does not prove anything. */
export type MultiProofFailure = 'out-of-order' | 'outside' | 'proof-too-short' | 'proof-too-long'

/** Computes the root that a multi-proof leads to, from leaves fed in ascending order, in O(log n) memory. */
export interface MultiProofVerifier {
  /** Feeds a leaf hash. After a failure nothing else counts. */
  add(seq: number, leaf: Uint8Array): MultiProofFailure | undefined
  /** The root, or why there is none. */
  finish(): Uint8Array | MultiProofFailure
}

/** A verifier for a tree of `size` leaves; `proof` is the whole of `proof.bin`. */
export function multiProofVerifier(size: number, proof: Uint8Array): MultiProofVerifier {
  const peaks: Uint8Array[] = []
  let next = 0
  let offset = 0
  let failure: MultiProofFailure | undefined

  const take = (): Uint8Array | undefined => {
    if (offset + 32 > proof.length) {
      failure = 'proof-too-short'
      return undefined
    }
    offset += 32
    return proof.subarray(offset - 32, offset)
  }

  const push = (level: number, subtree: Uint8Array): void => {
    let hash = subtree
    let height = level
    let index = next / 2 ** level
    for (; index % 2 === 1; height++) {
      hash = nodeHash(peaks[height] ?? hash, hash)
      index = (index - 1) / 2
    }
    peaks[height] = hash
    next += 2 ** level
  }

  const fold = (right: Uint8Array | undefined): Uint8Array => {
    let hash = right
    let rest = next
    for (let level = 0; rest > 0; level++, rest = Math.floor(rest / 2)) {
      const peak = peaks[level]
      if (rest % 2 === 1 && peak !== undefined) hash = hash === undefined ? peak : nodeHash(peak, hash)
    }
    return hash ?? Buffer.from(EMPTY_ROOT, 'hex')
  }

  return {
    add(seq, leaf) {
      if (failure === undefined && (!Number.isSafeInteger(seq) || seq >= size)) failure = 'outside'
      if (failure === undefined && seq < next) failure = 'out-of-order'
      if (failure !== undefined) return failure
      for (const { level } of gapBefore(next, seq)) {
        const hash = take()
        if (hash === undefined) return failure
        push(level, hash)
      }
      push(0, leaf)
      return undefined
    },
    finish() {
      if (failure !== undefined) return failure
      let edge: Uint8Array | undefined
      for (const { end, level } of gapAtEnd(next, size)) {
        const hash = take()
        if (hash === undefined) return 'proof-too-short'
        // The last one reaches to the end of the tree and need not be complete.
        if (end === size) edge = hash
        else push(level, hash)
      }
      return offset === proof.length ? fold(edge) : 'proof-too-long'
    },
  }
}

/** The maximal subtrees of leaves `from` to `to−1`, where leaf `to` exists: all are complete. */
function* gapBefore(from: number, to: number): Generator<Subtree> {
  for (let start = from; start < to;) {
    const level = largestAt(start, to)
    const end = start + 2 ** level
    yield { start, end, level }
    start = end
  }
}

/** The maximal subtrees of leaves `from` to `size−1`: complete ones and then one that reaches to the end. */
function* gapAtEnd(from: number, size: number): Generator<Subtree> {
  for (let start = from; start < size;) {
    const level = largestAt(start, size)
    const end = startsRightEdge(start, size) ? size : start + 2 ** level
    yield { start, end, level }
    start = end
  }
}

/** Level of the largest complete subtree that starts at `start` and ends at or before `end`. */
function largestAt(start: number, end: number): number {
  let level = 0
  while (start % 2 ** (level + 1) === 0 && start + 2 ** (level + 1) <= end) level++
  return level
}

/** Whether leaves `start` to `size−1` are one node: they fit into one aligned block. */
function startsRightEdge(start: number, size: number): boolean {
  let width = 1
  while (start % (width * 2) === 0 && start + width < size) width *= 2
  return start + width >= size
}
