import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messageLines, MESSAGE_BYTES, STRING_BYTES } from '../src/lines.ts'
import type { MessageLine } from '../src/lines.ts'

async function read(bytes: Uint8Array, chunkBytes: number, offset = 0): Promise<readonly MessageLine[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const lines: MessageLine[] = []
  for await (const line of messageLines(chunks(), offset)) lines.push(line)
  return lines
}

describe('messages as lines', () => {
  it('are what was written, in whatever pieces it comes, and say where they stand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.json()), fc.constant('no message'))),
        fc.integer({ min: 1, max: 20 }),
        async (said, chunkBytes) => {
          const text = said.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join('')
          const bytes = Buffer.from(text)
          const lines = await read(bytes, chunkBytes)
          expect(lines.map((line) => line.text)).toEqual(text.split('\n').filter((line) => line.startsWith('{')))
          for (const { text: kept, cut, from, to } of lines)
            expect([bytes.toString('utf8', from, to), cut]).toEqual([`${kept}\n`, false])
        },
      ),
      { numRuns: 100 },
    )
  })

  it('have no string over its bound, and are JSON still', async () => {
    for (const string of ['x', '漢', '\\"', '\\u6f22', '🧭']) {
      const line = `{"a":"${string.repeat(STRING_BYTES + 1)}","b":1}\n`
      const [one] = await read(Buffer.from(line), 1_000, 7)
      expect([one?.cut, one?.from, one?.to]).toEqual([true, 7, 7 + Buffer.byteLength(line)])
      expect(JSON.parse(one?.text ?? '')).toMatchObject({ b: 1 })
      expect(one?.text?.length).toBeLessThan(STRING_BYTES + 20)
    }
  })

  it('keep of a string what it begins with, cut between characters and escapes, however it came', async () => {
    const unit = fc.constantFrom('x', '漢', '\\"', '\\\\', '\\n', '\\u6f22', '🧭')
    await fc.assert(
      fc.asyncProperty(
        fc.array(unit, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: -8, max: 8 }),
        fc.integer({ min: 1, max: 9 }),
        async (units, more, chunkBytes) => {
          const bytes = Buffer.byteLength(units.join(''))
          const before = Math.min(STRING_BYTES, STRING_BYTES + more - bytes)
          const string = 'x'.repeat(before) + units.join('')
          const [one] = await read(Buffer.from(`{"a":"${string}","b":"y"}\n`), chunkBytes)
          const kept: unknown = JSON.parse(one?.text ?? '')
          const said: unknown = JSON.parse(`"${string}"`)
          // The units that begin within the bound.
          let size = before
          const first = units.filter(
            (each) => (size += Buffer.byteLength(each)) - Buffer.byteLength(each) < STRING_BYTES,
          )
          const wanted: unknown = JSON.parse(`"${'x'.repeat(before)}${first.join('')}"`)
          // Not by `toEqual`, which would print them whole.
          expect(JSON.stringify(kept) === JSON.stringify({ a: wanted, b: 'y' })).toBe(true)
          expect(one?.cut).toBe(wanted !== said)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('that are too long without their strings have no text', async () => {
    const [one, two] = await read(Buffer.from(`{"a":[${'1,'.repeat(MESSAGE_BYTES)}1]}\n{"b":2}\n`), 65_536)
    expect([one?.text, two?.text]).toEqual([undefined, '{"b":2}'])
  })
})
