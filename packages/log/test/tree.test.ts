import type { NodeEntry } from '@seamark/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  consistencyProof,
  emptyFrontier,
  inclusionProof,
  multiProof,
  multiProofVerifier,
  readFrontier,
  restoreFrontier,
  toHex,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts'
import { memoryHashes, naiveMultiProof, naiveRoot, someLeaves } from './naive-tree.ts'

const leaves = someLeaves(600)
const read = memoryHashes(leaves)
const size = fc.integer({ min: 0, max: leaves.length })
const rootOf = (n: number) => naiveRoot(leaves.slice(0, n))

function leafAt(index: number): Uint8Array {
  const leaf = leaves[index]
  if (leaf === undefined) throw new Error(`no leaf ${index}`)
  return leaf
}

describe('Frontier', () => {
  test('has the root of the recursive definition at every size, also after state and clone', () => {
    const tree = emptyFrontier()
    for (let n = 0; n < 130; n++) {
      const root = toHex(rootOf(n))
      expect(tree.size).toBe(n)
      expect(toHex(tree.root())).toBe(root)
      expect(toHex(restoreFrontier(tree.state()).root())).toBe(root)
      const copy = tree.clone()
      copy.append(leafAt(0))
      expect(toHex(tree.root())).toBe(root)
      tree.append(leafAt(n))
    }
  })

  test('emits each complete subtree of levels 4, 8, … once, as the journal stores it', async () => {
    const nodes: NodeEntry[] = []
    const tree = emptyFrontier()
    for (const leaf of leaves) tree.append(leaf, nodes)
    expect(nodes.filter((node) => node.level === 4)).toHaveLength(37)
    expect(nodes.filter((node) => node.level === 8)).toHaveLength(2)
    expect(nodes).toHaveLength(39)
    for (const { level, index, hash } of nodes) expect(await read(level, index, 1)).toEqual(new Uint8Array(hash))
  })

  test('is read back from stored hashes', async () => {
    await fc.assert(
      fc.asyncProperty(size, async (n) => {
        expect(toHex((await readFrontier(read, n)).root())).toBe(toHex(rootOf(n)))
      }),
      { numRuns: 30 },
    )
  })

  test.each([
    { size: 3, hashes: ['00'.repeat(32)] },
    { size: 1, hashes: ['0'] },
    { size: 1, hashes: ['AA'.repeat(32)] },
    { size: -1, hashes: [] },
    { size: 0.5, hashes: [] },
  ])('refuses a state that is none: %j', (state) => {
    expect(() => restoreFrontier(state)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('inclusion and consistency', () => {
  test('proofs verify, and not for another leaf, index, size or root', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        size.filter((n) => n > 0),
        async (seed, n) => {
          const index = seed % n
          const proof = await inclusionProof(read, index, n)
          const root = rootOf(n)
          expect(verifyInclusion(leafAt(index), index, n, proof, root)).toBe(true)
          expect(verifyInclusion(root, index, n, proof, leafAt(0)) && n > 1).toBe(false)
          expect(verifyInclusion(leafAt(index), index, n, [...proof, root], root)).toBe(false)
          if (n > 1) {
            expect(verifyInclusion(leafAt(index), (index + 1) % n, n, proof, root)).toBe(false)
            expect(verifyInclusion(leafAt(index), index, n, proof.slice(1), root)).toBe(false)
          }
        },
      ),
    )
  })

  test('consistency proofs verify, and not between other roots', async () => {
    await fc.assert(
      fc.asyncProperty(size, size, async (a, b) => {
        const [from, to] = a < b ? [a, b] : [b, a]
        const proof = await consistencyProof(read, from, to)
        expect(verifyConsistency(from, to, rootOf(from), rootOf(to), proof)).toBe(true)
        expect(verifyConsistency(from, to, leafAt(0), rootOf(to), proof) && from !== 1).toBe(false)
        expect(verifyConsistency(from, to, rootOf(from), rootOf(to), [...proof, rootOf(1)])).toBe(false)
        if (proof.length > 0)
          expect(verifyConsistency(from, to, rootOf(from), rootOf(to), proof.slice(0, -1))).toBe(false)
      }),
    )
  })

  test('need O(log n) reads', async () => {
    read.reads = 0
    await inclusionProof(read, 300, 599)
    await consistencyProof(read, 301, 599)
    expect(read.reads).toBeLessThanOrEqual(4 * 10)
  })

  test('verifiers answer false to any garbage, in bounded time', () => {
    const anySize = fc.oneof(fc.maxSafeNat(), fc.double(), fc.constantFrom(2 ** 53, 2 ** 53 - 1, -1, 0, Number.NaN))
    const hashes = fc.array(fc.uint8Array({ minLength: 31, maxLength: 33 }), { maxLength: 70 })
    fc.assert(
      fc.property(anySize, anySize, hashes, (a, b, proof) => {
        expect(verifyInclusion(leafAt(0), a, b, proof, leafAt(1))).toBe(false)
        expect(verifyConsistency(a, b, leafAt(0), leafAt(1), proof)).toBe(false)
      }),
    )
  })

  test.each([
    [600, 600],
    [-1, 5],
    [0.5, 5],
    [0, 0],
  ])('there is no inclusion proof of %d in %d', async (index, n) => {
    await expect(inclusionProof(read, index, n)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
  test('a tree does not shrink', async () => {
    await expect(consistencyProof(read, 6, 5)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
  test('missing hashes are INTEGRITY', async () => {
    await expect(inclusionProof(read, 0, 1000)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })
})

describe('multi-proof', () => {
  const subset = size.filter((n) => n > 0).chain((n) => fc.tuple(fc.constant(n), fc.uniqueArray(fc.nat(n - 1))))

  const rootFrom = (n: number, seqs: readonly number[], proof: Uint8Array) => {
    const verifier = multiProofVerifier(n, proof)
    for (const seq of seqs) verifier.add(seq, leafAt(seq))
    const result = verifier.finish()
    return typeof result === 'string' ? result : toHex(result)
  }

  test('holds exactly the maximal subtrees without a leaf, and leads to the root', async () => {
    await fc.assert(
      fc.asyncProperty(subset, async ([n, unsorted]) => {
        const seqs = unsorted.sort((a, b) => a - b)
        const proof = await multiProof(read, seqs, n)
        expect(toHex(proof)).toBe(toHex(Buffer.concat(naiveMultiProof(leaves.slice(0, n), new Set(seqs)))))
        expect(rootFrom(n, seqs, proof)).toBe(toHex(rootOf(n)))
      }),
    )
  })

  test('says why it proves nothing', async () => {
    const proof = await multiProof(read, [3, 7], 20)
    expect(rootFrom(20, [3, 7], proof.subarray(32))).toBe('proof-too-short')
    expect(rootFrom(20, [3, 7], proof.subarray(0, -1))).toBe('proof-too-short')
    expect(rootFrom(20, [3, 7], Buffer.concat([proof, Buffer.alloc(1)]))).toBe('proof-too-long')
    expect(rootFrom(20, [7, 3], proof)).toBe('out-of-order')
    expect(rootFrom(20, [3, 3], proof)).toBe('out-of-order')
    expect(rootFrom(20, [3, 20], proof)).toBe('outside')
    expect(rootFrom(20, [4, 7], proof)).not.toBe(toHex(rootOf(20)))
  })

  test('takes any size up to 2^53-1 in bounded time', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.uint8Array({ maxLength: 4_000 }), (n, seq, proof) => {
        const verifier = multiProofVerifier(n, proof)
        verifier.add(seq, leafAt(0))
        expect(verifier.finish()).toBeDefined()
      }),
    )
  })

  test('is refused for leaves that are not there or not ascending', async () => {
    await expect(multiProof(read, [5, 5], 20)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(multiProof(read, [20], 20)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
