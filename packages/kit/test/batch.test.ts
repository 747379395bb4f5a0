import type { JournalBatch, NodeEntry } from '@seamark/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkBatch } from '../src/index.ts'

const invalid = expect.objectContaining({ code: 'INVALID_INPUT' })
const hash = new Uint8Array(32)

/** The batch of `count` records after `size`, with the nodes of levels 4, 8, … that they complete. */
function batch(size: number, count: number): JournalBatch {
  const nodes: NodeEntry[] = []
  for (let end = size + 1; end <= size + count; end++)
    for (let level = 4; end % 2 ** level === 0; level += 4) nodes.push({ level, index: end / 2 ** level - 1, hash })
  const records = Array.from({ length: count }, (_, index) => ({ seq: size + index, header: hash, leaf: hash }))
  const payloads = records.filter(({ seq }) => seq % 3 === 0).map(({ seq }) => ({ seq, salt: hash, bytes: hash }))
  return { records, payloads, nodes, changes: [] }
}

const place = fc.tuple(fc.nat(70_000), fc.nat(300))

describe('checkBatch', () => {
  it('takes every batch that goes on from the size', () => {
    fc.assert(fc.property(place, ([size, count]) => checkBatch(size, batch(size, count))))
  })

  it('refuses a batch with any part left out, doubled or moved', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.constantFrom('records', 'nodes'), ([size, count], at, part) => {
        const right = batch(size, count + 1)
        const list: readonly unknown[] = right[part]
        if (list.length === 0) return
        const index = at % list.length
        // Without its last record the batch is another right one, unless that record completed a node.
        const without = list.filter((_, position) => position !== index)
        if (part === 'nodes' || index < list.length - 1)
          expect(() => checkBatch(size, { ...right, [part]: without })).toThrow(invalid)
        const doubled = [...list.slice(0, index + 1), ...list.slice(index)]
        expect(() => checkBatch(size, { ...right, [part]: doubled })).toThrow(invalid)
        if (part === 'records') expect(() => checkBatch(size + 1, right)).toThrow(invalid)
      }),
    )
  })

  it('refuses payloads without a record or out of order, and hashes of another length', () => {
    const right = batch(0, 16)
    const payload = (seq: number) => ({ seq, salt: hash, bytes: hash })
    for (const payloads of [[payload(16)], [payload(-1)], [payload(3), payload(2)], [payload(3), payload(3)]])
      expect(() => checkBatch(0, { ...right, payloads })).toThrow(invalid)
    const short = new Uint8Array(31)
    expect(() => checkBatch(0, { ...right, nodes: [{ level: 4, index: 0, hash: short }] })).toThrow(invalid)
    expect(() =>
      checkBatch(0, { ...right, records: right.records.map((record) => ({ ...record, leaf: short })) }),
    ).toThrow(invalid)
    for (const size of [-1, 0.5, Number.NaN]) expect(() => checkBatch(size, batch(0, 0))).toThrow(invalid)
  })
})
