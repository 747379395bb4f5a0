import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, canonicalText, jcsText, LIMITS } from '../src/index.ts'

const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    text,
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('value'), { maxLength: 5 }),
  object: fc.dictionary(text, tie('value'), { maxKeys: 6, noNullPrototype: false }),
})).value

describe('canonicalText', () => {
  test('equals canonicalize for every value it takes', () => {
    fc.assert(fc.property(json, (value) => canonicalText(value) === canonicalize(value)))
  })
  test('is a fixed point of parsing', () => {
    fc.assert(fc.property(json, (value) => canonicalText(JSON.parse(canonicalText(value))) === canonicalText(value)))
  })
  test('sorts keys by UTF-16 code units and keeps __proto__ as a key', () => {
    const value: unknown = JSON.parse('{"\\ud83d\\ude00":1,"\\ufb33":2,"__proto__":3,"10":4,"9":5}')
    expect(canonicalText(value)).toBe('{"10":4,"9":5,"__proto__":3,"\u{1f600}":1,"\ufb33":2}')
    expect(new TextDecoder().decode(canonicalJson(value))).toBe(canonicalText(value))
  })

  let deep: unknown = 1
  for (let i = 0; i <= LIMITS.jsonDepth; i++) deep = [deep]
  test.each([
    ['a float', 0.5],
    ['NaN', Number.NaN],
    ['an integer beyond 2^53-1', 2 ** 53],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate as a key', { '\udc00': 1 }],
    ['undefined', undefined],
    ['undefined inside', { a: undefined }],
    ['a hole', [, 1]], // oxlint-disable-line no-sparse-arrays -- it is what is tested
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a class instance', new Date(0)],
    ['bytes', new Uint8Array(1)],
    ['too many levels', deep],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalText(value)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('jcsText', () => {
  test('writes floats as RFC 8785 does', () => {
    expect(jcsText({ b: 1e21, a: [0.5, -0, 1e-7] })).toBe('{"a":[0.5,0,1e-7],"b":1e+21}')
  })
  test.each([Number.NaN, '\ud800', { '\ud800': 1 }, undefined, [undefined], new Map()])('refuses %s', (value) => {
    expect(() => jcsText(value)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})
