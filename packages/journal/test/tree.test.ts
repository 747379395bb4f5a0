import type { NodeEntry } from '@seamark/core'
import { emptyFrontier, leafHash, toHex } from '@seamark/log'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkCovers, checkNodes, rootRanges } from '../src/index.ts'
import type { HashRange } from '../src/index.ts'

const most = 5_000
const leaves = Array.from({ length: most }, (_, seq) => leafHash(Buffer.from(`record ${seq}`)))
const nodes: NodeEntry[] = []
const roots: string[] = []
const frontier = emptyFrontier()
for (const leaf of leaves) {
  roots.push(toHex(frontier.root()))
  frontier.append(leaf, nodes)
}
const stored = (level: number): readonly Uint8Array[] =>
  level === 0 ? leaves : nodes.filter((node) => node.level === level).map(({ hash }) => hash)
const levels = new Map([0, 4, 8, 12].map((level) => [level, stored(level)]))
const read = ({ level, from, count }: HashRange): Buffer =>
  Buffer.concat(levels.get(level)?.slice(from, from + count) ?? [])
const integrity = expect.objectContaining({ code: 'INTEGRITY' })

const check = (size: number, hashes: readonly Uint8Array[], has = most): void =>
  checkCovers({
    where: 'here',
    size: has,
    checkpoint: { origin: 'o', size, root: roots[size] ?? '', note: '' },
    named: 'it',
    hashes,
  })

it('finds the root of any size in one read a stored level', () => {
  fc.assert(
    fc.property(fc.nat(most - 1), (size) => {
      const ranges = rootRanges(size)
      expect(new Set(ranges.map(({ level }) => level)).size).toBe(ranges.length)
      check(size, ranges.map(read))
    }),
  )
})

it('refuses another hash, a missing one, and a log that is too short', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: most - 1 }), fc.nat(), (size, at) => {
      const hashes = rootRanges(size).map(read)
      const one = hashes[at % hashes.length] ?? Buffer.alloc(0)
      const kept = Buffer.from(one)
      one[at % one.length] = (one[at % one.length] ?? 0) ^ 1
      expect(() => check(size, hashes)).toThrow(integrity)
      const short = hashes.map((each) => (each === one ? kept.subarray(32) : each))
      expect(() => check(size, short)).toThrow(integrity)
      expect(() => check(size, rootRanges(size).map(read), size - 1)).toThrow(integrity)
    }),
  )
})

it('names the first record under a node that is not that of its records', () => {
  const range = { level: 4, from: 3, count: 20 }
  const below = read({ level: 0, from: 48, count: 320 })
  checkNodes('here', range, read(range), below)
  const changed = read(range)
  changed[5 * 32] = (changed[5 * 32] ?? 0) ^ 1
  const problems = [expect.objectContaining({ place: { pointer: '/records/128' } })]
  expect(() => checkNodes('here', range, changed, below)).toThrow(expect.objectContaining({ problems }))
  expect(() => checkNodes('here', range, read(range), below.subarray(0, -32))).toThrow(integrity)
})
