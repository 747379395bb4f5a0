import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonPicker, METERING_LIMITS } from '../src/index.ts'
import { bytes } from './support.ts'

interface Found {
  readonly sound: boolean
  readonly values: readonly (readonly [string, unknown])[]
}

function pick(text: string | Uint8Array, paths: readonly string[], step = 5): Found {
  const values: [string, unknown][] = []
  const picker = jsonPicker(paths, (path, value) => values.push([path, value]))
  const all = typeof text === 'string' ? bytes(text) : text
  for (let at = 0; at < all.length; at += step) picker.push(all.subarray(at, at + step))
  return { sound: picker.end(), values }
}

describe('jsonPicker', () => {
  test('picks what JSON.parse would give, from any document, whatever the pieces', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.jsonValue(),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(3),
        (usage, other, step, indent) => {
          const text = JSON.stringify(
            { o: other, a: { usage, b: other }, list: [{ x: usage }, other, { x: 1 }] },
            null,
            indent,
          )
          const { sound, values } = pick(text, ['a.usage', 'list.*.x'], step)
          expect(sound).toBe(true)
          const others = (JSON.parse(text) as { list: unknown[] }).list
          expect(values).toEqual([
            ['a.usage', (JSON.parse(text) as { a: { usage: unknown } }).a.usage],
            ['list.*.x', (others[0] as { x: unknown }).x],
            // A document of the middle element may have the member too.
            ...(isRecord(others[1]) && 'x' in others[1] ? [['list.*.x', others[1]['x']]] : []),
            ['list.*.x', 1],
          ])
        },
      ),
    )
  })

  test('is sound for a document exactly when JSON.parse takes it, for documents with a byte changed', () => {
    const text = '{"a":{"usage":[1,-2.5e3,"x\\"\\u00e9",null]},"b":[{},[],true]}'
    for (let at = 0; at < text.length; at++)
      for (const byte of '{}[],:" \\x') {
        const changed = text.slice(0, at) + byte + text.slice(at + 1)
        let valid = true
        try {
          JSON.parse(changed)
        } catch {
          valid = false
        }
        const { sound, values } = pick(changed, ['a.usage'])
        if (valid) expect(sound, changed).toBe(true)
        for (const [, value] of sound ? values : [])
          expect(typeof value === 'number' || typeof value === 'object' || typeof value === 'string').toBe(true)
      }
  })

  test.each([
    ['cut', '{"usage":{"input":1}'],
    ['two documents', '{"usage":1}{"usage":2}'],
    ['a key twice', '{"usage":1,"usage":2}'],
    ['a key twice, written in two ways', '{"usage":1,"us\\u0061ge":2}'],
    ['brackets crossed', '{"usage":[1}]'],
    ['a bare word', '[DONE]'],
    ['nothing', ''],
    ['a trailing comma', '{"usage":1,}'],
    ['a value that is none', '{"usage":01}'],
  ])('is not sound: %s', (_, text) => {
    expect(pick(text, ['usage']).sound).toBe(false)
  })

  test('does not take bytes that are not UTF-8', () => {
    expect(pick(Uint8Array.of(...bytes('{"usage":"'), 0xff, ...bytes('"}')), ['usage']).sound).toBe(false)
  })

  test('leaves out nothing but stays sound for a long value that is not wanted, and not for one that is', () => {
    const long = 'x'.repeat(METERING_LIMITS.valueBytes + 1)
    expect(pick(`{"text":"${long}","usage":7}`, ['usage'], 4096)).toEqual({ sound: true, values: [['usage', 7]] })
    expect(pick(`{"usage":"${long}"}`, ['usage'], 4096)).toEqual({ sound: false, values: [] })
  })

  test('ends at its depth', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    expect(pick(nested(METERING_LIMITS.jsonDepth), ['usage']).sound).toBe(true)
    expect(pick(nested(METERING_LIMITS.jsonDepth + 1), ['usage']).sound).toBe(false)
  })
})

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
