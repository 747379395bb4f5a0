import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkKeyPrefix, keySegments, MAX_KEY_BYTES, rangeWithin } from '../src/index.ts'

const invalid = expect.objectContaining({ code: 'INVALID_INPUT' })

describe('storage keys', () => {
  it('are exactly those of the contract', () => {
    const anything = fc.oneof(
      fc.string({
        unit: fc.constantFrom('a', 'Z', '0', '.', '_', '-', '/', '..', ' ', '\\', '\0', 'é'),
        maxLength: 12,
      }),
      fc.string(),
    )
    fc.assert(
      fc.property(anything, (key) => {
        const right = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/.test(key)
        if (right) expect(keySegments(key).join('/')).toBe(key)
        else expect(() => keySegments(key)).toThrow(invalid)
      }),
      { numRuns: 2_000 },
    )
  })

  it('have at most 1,024 bytes', () => {
    expect(keySegments('x'.repeat(MAX_KEY_BYTES))).toHaveLength(1)
    expect(() => keySegments('x'.repeat(MAX_KEY_BYTES + 1))).toThrow(invalid)
  })

  it('every beginning of a key is a prefix', () => {
    const segment = fc
      .string({ unit: fc.constantFrom('a', '.', '-'), minLength: 1 })
      .filter((text) => !/^\.{1,2}$/.test(text))
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1 }), fc.nat(), (segments, cut) => {
        const key = segments.join('/')
        expect(() => checkKeyPrefix(key.slice(0, cut % (key.length + 1)))).not.toThrow()
      }),
    )
  })

  it.each(['/', '/a', 'a//', '../a', 'a/../', './', ' ', 'a\0', 'é', 'x'.repeat(1_025)])(
    'no key begins with %j',
    (prefix) => {
      expect(() => checkKeyPrefix(prefix)).toThrow(invalid)
    },
  )
})

describe('ranges', () => {
  it('are within the object or refused', () => {
    expect(rangeWithin(undefined, 5)).toEqual({ start: 0, end: 5 })
    expect(rangeWithin({ start: 2 }, 5)).toEqual({ start: 2, end: 5 })
    expect(rangeWithin({ start: 5, end: 5 }, 5)).toEqual({ start: 5, end: 5 })
    for (const range of [
      { start: 6 },
      { start: -1 },
      { start: 3, end: 2 },
      { start: 0, end: 6 },
      { start: 0.5 },
      { start: Infinity },
    ])
      expect(() => rangeWithin(range, 5)).toThrow(invalid)
  })
})
