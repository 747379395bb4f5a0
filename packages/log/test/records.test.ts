import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, emptyFrontier, LIMITS, parseHeader, placeRecords } from '../src/index.ts'
import { dataSchemas } from '../src/record-data.ts'
import { fullData, fullDrafts } from './samples.ts'

const headers = placeRecords(
  { ns: 'default', epoch: 0, lastAt: 0, frontier: emptyFrontier(), tails: new Map() },
  [{ kind: 'engine.stopped', actor: 'engine', data: { reason: 'failed' } }, ...fullDrafts],
  7,
).records.map(({ header }) => header)

const code = (value: unknown): string => {
  try {
    parseHeader(value instanceof Uint8Array ? value : canonicalJson(value))
    return 'accepted'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

describe('data schemas', () => {
  test.each(Object.entries(dataSchemas))('%s knows every field, and no other', (kind, schema) => {
    const sample: object = Object.entries(fullData).find(([name]) => name === kind)?.[1] ?? {}
    expect(schema.parse(sample)).toEqual(sample)
    expect(schema.safeParse({ ...sample, other: 1 }).success).toBe(false)
  })
})

describe('parseHeader', () => {
  test.each(headers.map((header) => [header.kind, header] as const))('refuses any other form of %s', (_, header) => {
    expect(code(header)).toBe('accepted')
    for (const field of Object.keys(header)) {
      const { [field]: value, ...rest } = Object.fromEntries(Object.entries(header))
      // A field under another optional field's name, unknown, null, or of another type.
      expect(code({ ...rest, [field + 'x']: value })).toBe('INVALID_INPUT')
      expect(code({ ...rest, [field]: null })).toBe('INVALID_INPUT')
      expect(code({ ...rest, [field]: [value] })).toBe('INVALID_INPUT')
    }
    expect(code({ ...header, v: 2 })).toBe('INVALID_INPUT')
    expect(code({ ...header, kindVersion: 2 })).toBe('INVALID_INPUT')
    expect(code({ ...header, kind: 'run.unknown' })).toBe('INVALID_INPUT')
    expect(code({ ...header, seq: -1 })).toBe('INVALID_INPUT')
    expect(code({ ...header, cause: header.seq })).toBe('INVALID_INPUT')
  })

  test('refuses a place in a run that does not add up', () => {
    const header = headers.find(({ kind }) => kind === 'items.added')
    const { runSeq: _, ...without } = header ?? {}
    expect(code(without)).toBe('INVALID_INPUT')
    expect(code({ ...header, runSeq: 0 })).toBe('INVALID_INPUT')
    const { prevInRun: __, ...unchained } = header ?? {}
    expect(code(unchained)).toBe('INVALID_INPUT')
    expect(code({ ...unchained, runSeq: 0 })).toBe('accepted')
  })

  test.each([
    ['white space', '{"v": 1}'],
    ['keys out of order', '{"v":1,"a":1}'],
    ['a key twice', '{"v":1,"v":1}'],
    ['an escape that need not be', '"\\u0061"'],
    ['minus zero', '-0'],
    ['an exponent', '1e0'],
    ['a byte order mark', '\ufeff{}'],
    ['no JSON', '{'],
    ['nothing', ''],
    ['too deep', '['.repeat(5_000) + ']'.repeat(5_000)],
  ])('refuses %s', (_, text) => {
    expect(code(new TextEncoder().encode(text))).toBe('INVALID_INPUT')
  })
  test('refuses bytes that are not UTF-8, and too many', () => {
    expect(code(Uint8Array.of(0x22, 0xff, 0x22))).toBe('INVALID_INPUT')
    expect(code(new Uint8Array(LIMITS.headerBytes + 1))).toBe('LIMIT_EXCEEDED')
  })

  test('a changed byte is refused or means something else', () => {
    const bytes = headers.map((header) => canonicalJson(header))
    fc.assert(
      fc.property(fc.constantFrom(...bytes), fc.nat(), fc.integer({ min: 1, max: 255 }), (original, place, mask) => {
        const changed = Uint8Array.from(original)
        const at = place % changed.length
        changed[at] = (changed[at] ?? 0) ^ mask
        let parsed: unknown
        try {
          parsed = parseHeader(changed)
        } catch {
          return
        }
        expect(Buffer.from(canonicalJson(parsed))).toEqual(Buffer.from(changed))
      }),
      { numRuns: 500 },
    )
  })
})
