import type { RecordDraft } from '@seamark/core'
import { describe, expect, test } from 'vitest'
import {
  canonicalText,
  commitPayload,
  emptyBatch,
  emptyFrontier,
  leafHash,
  LIMITS,
  parseHeader,
  placeRecord,
  placeRecords,
  recordEntry,
  restoreSegment,
  runSegment,
  toHex,
  type LogCursor,
} from '../src/index.ts'
import { naiveRoot } from './naive-tree.ts'
import { fullDrafts } from './samples.ts'

const opened: RecordDraft = {
  kind: 'log.opened',
  actor: 'engine',
  data: { origin: `seamark.invalid/${'00'.repeat(16)}` },
}
const cursor = (): LogCursor => ({ ns: 'default', epoch: 3, lastAt: 0, frontier: emptyFrontier(), tails: new Map() })

describe('placeRecords', () => {
  test('gives each draft its place, and bytes that parse back to the same header', () => {
    const at = cursor()
    const { records, payloads, nodes } = placeRecords(at, [opened, ...fullDrafts], 1_000)
    expect(records.map(({ header }) => header.seq)).toEqual(records.map((_, i) => i))
    for (const { header, bytes, leaf } of records) {
      expect(parseHeader(bytes)).toEqual(header)
      expect(toHex(leafHash(bytes))).toBe(toHex(leaf))
      expect(new TextDecoder().decode(bytes)).toBe(canonicalText(header))
    }
    expect(toHex(at.frontier.root())).toBe(toHex(naiveRoot(records.map(({ leaf }) => leaf))))
    expect(payloads.map(({ seq }) => seq)).toEqual([1, 9, 10])
    expect(records[9]?.header.payload?.hmac).toBe(commitPayload(new Uint8Array(32).fill(9), new Uint8Array([1, 2, 3])))
    expect(nodes.map(({ level, index }) => [level, index])).toEqual([
      [4, 0],
      [4, 1],
    ])
  })

  test('chains the records of a run', () => {
    const { records } = placeRecords(cursor(), [opened, ...fullDrafts], 1_000)
    const chain = records.filter(({ header }) => header.run === 'r1')
    chain.forEach(({ header }, i) => {
      const before = chain[i - 1]
      expect(header.runSeq).toBe(i)
      expect(header.prevInRun).toBe(before && toHex(before.leaf))
    })
    expect(records[0]?.header).not.toHaveProperty('runSeq')
  })

  test('never lets time go back', () => {
    const at = cursor()
    const times = [50, 40, 60].map((time) => placeRecords(at, [opened], time).records[0]?.header.at)
    expect(times).toEqual([50, 50, 60])
  })

  test.each<[string, RecordDraft, string]>([
    ['a header over 60 kB', { ...opened, actor: 'x'.repeat(LIMITS.headerBytes) }, 'LIMIT_EXCEEDED'],
    [
      'a payload over 1 MiB',
      {
        ...opened,
        payload: { mediaType: 'x', bytes: new Uint8Array(LIMITS.payloadBytes + 1), salt: new Uint8Array(32) },
      },
      'LIMIT_EXCEEDED',
    ],
    [
      'a short salt',
      { ...opened, payload: { mediaType: 'x', bytes: new Uint8Array(1), salt: new Uint8Array(16) } },
      'INVALID_INPUT',
    ],
    ['a float', { ...opened, kind: 'checkpoint.committed', data: { size: 0.5, root: '' } }, 'INVALID_INPUT'],
  ])('refuses %s and changes nothing', (_, draft, code) => {
    const at = cursor()
    const batch = emptyBatch()
    expect(() => placeRecord(at, draft, 1_000, batch)).toThrow(expect.objectContaining({ code }))
    expect([at.frontier.size, at.lastAt, batch]).toEqual([0, 0, emptyBatch()])
  })

  test('makes the entry that the journal takes', () => {
    const [first, second] = placeRecords(cursor(), [opened, ...fullDrafts.slice(8, 9)], 1).records
    expect(first && recordEntry(first)).not.toHaveProperty('run')
    expect(second && recordEntry(second)).toEqual({ seq: 1, header: second?.bytes, leaf: second?.leaf, run: 'r1' })
  })
})

describe('runSegment', () => {
  test('seals what was appended, also after it was kept as JSON', () => {
    const leaves = [1, 2, 3, 4, 5].map((n) => new Uint8Array(32).fill(n))
    let segment = runSegment(2, 10)
    for (const leaf of leaves) {
      segment = restoreSegment(JSON.parse(JSON.stringify(segment.state())))
      segment.append(leaf)
    }
    expect(segment.seal('failed')).toEqual({
      segment: 2,
      from: 10,
      count: 5,
      last: '05'.repeat(32),
      root: toHex(naiveRoot(leaves)),
      status: 'failed',
    })
  })
  test('can not seal nothing', () => {
    expect(() => runSegment(0, 0).seal('failed')).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })
})
