import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHILDREN_LIMITS } from '../src/limits.ts'
import { lineSplitter, parseMessage } from '../src/messages.ts'

const line = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => text.replaceAll('\n', ' '))

/** Pieces of these bytes, cut at these places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

describe('lines', () => {
  it('are the same however their bytes come', () => {
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        const split = lineSplitter()
        const bytes = Buffer.from(lines.map((one) => `${one}\n\n`).join(''))
        expect(pieces(bytes, cuts).flatMap((piece) => split(piece))).toEqual(lines)
      }),
    )
  })

  it.each([1, 1_000, CHILDREN_LIMITS.messageBytes])('have a bound, in pieces of %i bytes', (size) => {
    const split = lineSplitter()
    const piece = Buffer.alloc(size, 'x')
    let lines = 0
    for (let sent = 0; sent + size <= CHILDREN_LIMITS.messageBytes; sent += size) lines += split(piece).length
    expect(lines).toBe(0)
    const over = expect(() => split(Buffer.concat([piece, Buffer.from('\n')])))
    over.toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })
})

describe('a message', () => {
  it('is what JSON it is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 10 }), (text) => {
        expect(parseMessage(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('has a bounded depth, of which texts have none', () => {
    const most = CHILDREN_LIMITS.messageDepth
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(parseMessage(nested(most))).toBeInstanceOf(Array)
    for (const text of [
      nested(most + 1),
      '{"a":'.repeat(most + 1),
      '['.repeat(200_000),
      `"\\"${'['.repeat(9)}", ${nested(most + 1)}`,
    ])
      expect(() => parseMessage(text)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    const text = JSON.stringify({ a: '[{"\\'.repeat(100) })
    expect(parseMessage(text)).toEqual(JSON.parse(text))
  })

  it.each(['', '{', 'x', '{"a":1}}', '"'])('that is none is refused: %s', (text) => {
    expect(() => parseMessage(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})
