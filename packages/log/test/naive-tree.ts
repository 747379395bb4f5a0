import { EMPTY_ROOT, nodeHash, type ReadHashes } from '../src/index.ts'

/** RFC 6962's recursive definition, word for word. */
export function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return Buffer.from(EMPTY_ROOT, 'hex')
  if (leaves.length === 1) return only
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)))
}

/** The maximal subtrees without a wanted leaf, by the recursive definition. */
export function naiveMultiProof(leaves: readonly Uint8Array[], wanted: ReadonlySet<number>, start = 0): Uint8Array[] {
  if (!leaves.some((_, i) => wanted.has(start + i))) return [naiveRoot(leaves)]
  if (leaves.length === 1) return []
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return [...naiveMultiProof(leaves.slice(0, k), wanted, start), ...naiveMultiProof(leaves.slice(k), wanted, start + k)]
}

/** `Journal.hashes` over leaves in memory; counts its calls. */
export function memoryHashes(leaves: readonly Uint8Array[]): ReadHashes & { reads: number } {
  const levels: Uint8Array[][] = [[...leaves]]
  for (let level = 1; (levels[level - 1]?.length ?? 0) > 1; level++) {
    const below = levels[level - 1] ?? []
    levels[level] = Array.from({ length: Math.floor(below.length / 2) }, (_, i) =>
      nodeHash(below[2 * i] ?? new Uint8Array(), below[2 * i + 1] ?? new Uint8Array()),
    )
  }
  const read = Object.assign(
    async (level: number, from: number, count: number) => {
      if (level % 4 !== 0) throw new Error(`level ${level} is not stored`)
      read.reads++
      return new Uint8Array(Buffer.concat((levels[level] ?? []).slice(from, from + count)))
    },
    { reads: 0 },
  )
  return read
}

/** Distinct leaf hashes. */
export function someLeaves(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    nodeHash(new Uint8Array(32).fill(i % 251), Buffer.alloc(32, String(i))),
  )
}
