import type { Checkpoint } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { EMPTY_ROOT, nodeHash, perfectRoot, toHex } from '@seamark/log'
import { damaged } from './damage.ts'

/** Hashes `from` to `from+count-1` of a stored level (0, 4, 8, …), as `Journal.hashes` is asked for them. */
export interface HashRange {
  readonly level: number
  readonly from: number
  readonly count: number
}

/** What the root over `size` leaves is made of, from right to left: at most 15 hashes of a stored level. */
export function rootRanges(size: number): readonly HashRange[] {
  const ranges: HashRange[] = []
  for (let level = 0; 2 ** level <= size; level += 4) {
    const complete = Math.floor(size / 2 ** level)
    const count = complete % 16
    if (count > 0) ranges.push({ level, from: complete - count, count })
  }
  return ranges
}

/** A log beside a checkpoint of it. */
export interface Covered {
  /** Names the store, such as the path of its database. */
  readonly where: string
  /** Number of records. */
  readonly size: number
  readonly checkpoint: Checkpoint
  /** Names the checkpoint, and where it is from. */
  readonly named: string
  /** Those of `rootRanges(checkpoint.size)`, each concatenated. */
  readonly hashes: readonly Uint8Array[]
}

/** Refuses, with `INTEGRITY`, a log that is shorter than, or different from, what a checkpoint covers. */
export function checkCovers({ where, size, checkpoint, named, hashes }: Covered): void {
  if (size < checkpoint.size)
    throw new SeamError(
      'INTEGRITY',
      `${where} holds ${size} records, fewer than the ${checkpoint.size} that ${named} covers.`,
      { remedy: 'The journal was rolled back or cut off: restore a newer backup.' },
    )
  const root = rootOf(rootRanges(checkpoint.size), hashes)
  if (root !== checkpoint.root)
    throw new SeamError(
      'INTEGRITY',
      `${where}: the first ${checkpoint.size} of ${size} records have root ${root ?? 'unknown (hashes are missing)'}, not ${checkpoint.root} as in ${named}.`,
      { remedy: 'The journal was changed, or the checkpoint is of another log: restore both from one backup.' },
    )
}

/** RFC 6962 root, lower-case hex. `undefined` where hashes are missing. */
function rootOf(ranges: readonly HashRange[], hashes: readonly Uint8Array[]): string | undefined {
  let right: Uint8Array | undefined
  for (const [i, { count }] of ranges.entries()) {
    const bytes = hashes[i]
    if (bytes?.length !== count * 32) return undefined
    for (let width = 1; width < 16; width *= 2) {
      if ((count & width) === 0) continue
      const start = count - (count % (2 * width))
      const peak = perfectRoot(bytes.subarray(start * 32, (start + width) * 32))
      right = right === undefined ? peak : nodeHash(peak, right)
    }
  }
  return right === undefined ? EMPTY_ROOT : toHex(right)
}

/** Refuses, with `INTEGRITY`, stored nodes that are not those over the 16 times as many hashes `below` them. */
export function checkNodes(
  where: string,
  { level, from, count }: HashRange,
  nodes: Uint8Array,
  below: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    const children = below.subarray(i * 512, (i + 1) * 512)
    if (children.length !== 512 || Buffer.compare(perfectRoot(children), nodes.subarray(i * 32, (i + 1) * 32)) !== 0)
      throw damaged(where, (from + i) * 2 ** level, `node ${from + i} of level ${level} is not that of its records`)
  }
}
