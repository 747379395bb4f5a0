import { Buffer } from 'node:buffer'
import {
  inclusionProof,
  consistencyProof,
  multiProof,
  rangeHash,
  toHex,
  type ReadHashes,
} from '../packages/log/src/index.ts'

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a tree of these leaves must give: roots of every size, proofs, and proofs that prove nothing. */
export async function treeVectors(leaves: readonly Uint8Array[], read: ReadHashes): Promise<object> {
  const root = async (size: number) => toHex(await rangeHash(read, 0, size))
  const size = leaves.length
  const roots = await Promise.all(Array.from({ length: size + 1 }, (_, n) => root(n)))
  const inclusion: object[] = []
  const consistency: object[] = []
  const multi: object[] = []
  for (let n = 1; n <= size; n++)
    for (let index = 0; index < n; index++) {
      const proof = (await inclusionProof(read, index, n)).map(toHex)
      inclusion.push({ index, size: n, proof, valid: true })
      if (proof.length > 0) {
        inclusion.push({ index, size: n, proof: proof.slice(1), valid: false, why: 'too short' })
        inclusion.push({ index, size: n, proof: [...proof, roots[0]], valid: false, why: 'too long' })
        inclusion.push({ index: (index + 1) % n, size: n, proof, valid: false, why: 'another leaf' })
      }
    }
  for (let to = 0; to <= size; to++)
    for (let from = 0; from <= to; from++) {
      const proof = (await consistencyProof(read, from, to)).map(toHex)
      consistency.push({ from, to, proof, valid: true })
      consistency.push({ from, to, proof: [...proof, roots[0]], valid: false, why: 'too long' })
      if (proof.length > 0) consistency.push({ from, to, proof: proof.slice(1), valid: false, why: 'too short' })
    }
  for (let set = 1; set < 2 ** size; set += 7) {
    const seqs = leaves.map((_, i) => i).filter((i) => (set >> i) % 2 === 1)
    const proof = hex(await multiProof(read, seqs, size))
    multi.push({ seqs, size, proof, valid: true })
    multi.push({ seqs, size, proof: proof + '00'.repeat(32), valid: false, why: 'too long' })
    if (proof !== '') multi.push({ seqs, size, proof: proof.slice(64), valid: false, why: 'too short' })
    if (seqs.length > 1) multi.push({ seqs: seqs.toReversed(), size, proof, valid: false, why: 'out of order' })
  }
  return { leaves: leaves.map(hex), roots, inclusion, consistency, multi }
}

export function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value, undefined, 1) + '\n')
}
