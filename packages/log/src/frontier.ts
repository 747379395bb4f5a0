import type { NodeEntry } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { EMPTY_ROOT, nodeHash, toHex } from './hash.ts'

/** A frontier as JSON: the hashes of its complete subtrees, largest (leftmost) first, lower-case hex. */
export interface FrontierState {
  readonly size: number
  readonly hashes: readonly string[]
}

/** The right edge of an RFC 6962 tree: enough to append and to know the root, in O(log n) memory. Mutable. */
export interface Frontier {
  /** Number of leaves. */
  readonly size: number
  /**
   * Adds a leaf hash (32 bytes). Subtrees that it completes at levels 4, 8, 12, … are pushed to
   * `nodes`, lowest first, as the journal stores them.
   */
  append(leaf: Uint8Array, nodes?: NodeEntry[]): void
  /** The 32-byte root. */
  root(): Uint8Array
  /** An independent copy. */
  clone(): Frontier
  state(): FrontierState
}

/** The frontier of the tree without leaves. */
export function emptyFrontier(): Frontier {
  return frontier(0, [])
}

/**
 * The frontier that `state()` described.
 * Errors: `INVALID_INPUT` when the hashes are not those of a tree of that size.
 */
export function restoreFrontier(state: FrontierState): Frontier {
  const levels = levelsOf(state.size)
  if (levels.length !== state.hashes.length)
    throw new SeamError(
      'INVALID_INPUT',
      `A tree of size ${state.size} has ${levels.length} complete subtrees, not ${state.hashes.length}.`,
    )
  const peaks: Uint8Array[] = []
  levels.forEach((level, i) => {
    const hex = state.hashes[i] ?? ''
    if (!/^[0-9a-f]{64}$/.test(hex))
      throw new SeamError('INVALID_INPUT', `Hash ${i} of the frontier is not 32 bytes of lower-case hex.`)
    peaks[level] = Buffer.from(hex, 'hex')
  })
  return frontier(state.size, peaks)
}

/** Levels of the complete subtrees that a tree of this size is made of, leftmost (largest) first. */
export function levelsOf(size: number): number[] {
  if (!Number.isSafeInteger(size) || size < 0) throw new SeamError('INVALID_INPUT', `${size} is no size of a tree.`)
  const levels: number[] = []
  // Arithmetic and not bit operators: sizes go beyond 32 bits.
  for (let level = 0, rest = size; rest > 0; level++, rest = Math.floor(rest / 2))
    if (rest % 2 === 1) levels.unshift(level)
  return levels
}

function frontier(initialSize: number, initialPeaks: readonly Uint8Array[]): Frontier {
  let size = initialSize
  // peaks[level] is meaningful where that bit of `size` is set.
  const peaks = [...initialPeaks]

  return {
    get size() {
      return size
    },
    append(leaf, nodes) {
      let hash = leaf
      let level = 0
      let index = size
      for (; index % 2 === 1; level++) {
        hash = nodeHash(peaks[level] ?? hash, hash)
        index = (index - 1) / 2
        if (nodes !== undefined && (level + 1) % 4 === 0) nodes.push({ level: level + 1, index, hash })
      }
      peaks[level] = hash
      size++
    },
    root() {
      let hash: Uint8Array | undefined
      for (const level of levelsOf(size).reverse()) {
        const peak = peaks[level]
        if (peak !== undefined) hash = hash === undefined ? peak : nodeHash(peak, hash)
      }
      return hash ?? Buffer.from(EMPTY_ROOT, 'hex')
    },
    clone: () => frontier(size, peaks),
    state: () => ({ size, hashes: levelsOf(size).map((level) => toHex(peaks[level] ?? new Uint8Array(0))) }),
  }
}
