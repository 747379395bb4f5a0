import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventStreamReader, METERING_LIMITS, sseReader } from '../src/index.ts'
import { bytes } from './support.ts'

function events(text: string, step: number): [string, string][] {
  const found: [string, string][] = []
  let data: Buffer[] = []
  const reader = sseReader({
    data: (piece) => data.push(Buffer.from(piece)),
    dispatch(event) {
      found.push([event, Buffer.concat(data).toString('utf8')])
      data = []
    },
  })
  const all = bytes(text)
  for (let at = 0; at < all.length; at += step) reader.push(all.subarray(at, at + step))
  return found
}

describe('sseReader', () => {
  test.each([
    ['data: a\n\n', [['', 'a']]],
    [
      'data:a\r\rdata: b\r\n\r\n',
      [
        ['', 'a'],
        ['', 'b'],
      ],
    ],
    ['\uFEFFdata: a\n\n', [['', 'a']]],
    [
      'event: x\ndata: a\ndata:  b\n\ndata: c\n\n',
      [
        ['x', 'a\n b'],
        ['', 'c'],
      ],
    ],
    [': note\nid: 1\nretry: 5\nevent: x\n\ndata: a\n\n', [['', 'a']]],
    ['data\ndata\n\n', [['', '\n']]],
    ['data: cut', []],
    ['data: cut\n', []],
    ['event: a\nevent: b\ndata: 1\n\n', [['b', '1']]],
    ['datum: a\n\n', []],
  ])('reads %j as the standard says', (text, expected) => {
    for (const step of [1, 2, 3, 100]) expect(events(text, step)).toEqual(expected)
  })

  test('gives back what was written, whatever the pieces', () => {
    const line = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, '☃'))
    const event = fc.record({
      event: fc.constantFrom('', 'message_start', 'é'),
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
    })
    const newline = fc.constantFrom('\n', '\r', '\r\n')
    fc.assert(
      fc.property(fc.array(event), newline, fc.integer({ min: 1, max: 7 }), (list, eol, step) => {
        const text = list
          .map(
            ({ event: name, lines }) =>
              (name ? `event: ${name}${eol}` : '') + lines.map((l) => `data: ${l}${eol}`).join('') + eol,
          )
          .join('')
        expect(events(text, step).map(([, data]) => data)).toEqual(
          list.map(({ lines }) => Buffer.from(lines.join('\n')).toString('utf8')),
        )
      }),
    )
  })
})

function frame(headers: Record<string, string>, payload: string | Uint8Array): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(Buffer.byteLength(value))
      return Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.of(7), length, Buffer.from(value)])
    }),
  )
  const body = Buffer.from(payload)
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + head.length + body.length, 0)
  prelude.writeUInt32BE(head.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const message = Buffer.concat([prelude, head, body])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(message))
  return Buffer.concat([message, sum])
}

function frames(
  all: Uint8Array,
  step: number,
): { readonly sound: boolean; readonly found: [Record<string, string>, string][] } {
  const found: [Record<string, string>, string][] = []
  const reader = eventStreamReader(({ headers, payload }) => {
    found.push([Object.fromEntries(headers), Buffer.from(payload).toString('utf8')])
  })
  for (let at = 0; at < all.length; at += step) reader.push(all.subarray(at, at + step))
  return { sound: reader.end(), found }
}

describe('eventStreamReader', () => {
  const stream = Buffer.concat([frame({ ':event-type': 'a', x: 'é' }, '{"a":1}'), frame({}, ''), frame({ y: '' }, 'z')])

  test('gives the frames, whatever the pieces', () => {
    for (const step of [1, 2, 5, 13, 1000])
      expect(frames(stream, step)).toEqual({
        sound: true,
        found: [
          [{ ':event-type': 'a', x: 'é' }, '{"a":1}'],
          [{}, ''],
          [{ y: '' }, 'z'],
        ],
      })
  })

  test('gives nothing of a frame with any bit turned, and nothing after it', () => {
    for (let bit = 0; bit < stream.length * 8; bit++) {
      const turned = Buffer.from(stream)
      const at = bit >> 3
      turned[at] = turned.readUInt8(at) ^ (1 << (bit & 7))
      const { sound, found } = frames(turned, 1000)
      expect(sound).toBe(false)
      expect(found.length).toBeLessThan(3)
      for (const [index, one] of found.entries()) expect(one).toEqual(frames(stream, 1000).found[index])
    }
  })

  test('checks both sums: one that is right does not make up for one that is wrong', () => {
    const whole = frame({ a: 'b' }, '{}')
    whole[8] = whole.readUInt8(8) ^ 1
    whole.writeUInt32BE(crc32(whole.subarray(0, -4)), whole.length - 4)
    expect(frames(whole, 1000)).toEqual({ sound: false, found: [] })
  })

  test('is not sound when it ends within a frame', () => {
    for (let length = 1; length < stream.length; length++)
      expect(frames(stream.subarray(0, length), 1000).sound).toBe(
        [
          frame({ ':event-type': 'a', x: 'é' }, '{"a":1}').length,
          stream.length - frame({ y: '' }, 'z').length,
        ].includes(length),
      )
  })

  test('leaves out a frame over the limit, checks it, and goes on', () => {
    const large = frame({}, Buffer.alloc(METERING_LIMITS.frameBytes, 0x61))
    expect(frames(Buffer.concat([large, frame({}, 'b')]), 65_536)).toEqual({ sound: true, found: [[{}, 'b']] })
    large[5000] = 0
    expect(frames(Buffer.concat([large, frame({}, 'b')]), 65_536)).toEqual({ sound: false, found: [] })
  })

  test('refuses lengths that cannot be, before it makes room for them', () => {
    for (const [total, headers] of [
      [15, 0],
      [0xffffffff, 0],
      [40, 30],
      [16, 0xffffffff],
    ] as const) {
      const prelude = Buffer.alloc(12)
      prelude.writeUInt32BE(total, 0)
      prelude.writeUInt32BE(headers, 4)
      prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
      expect(frames(Buffer.concat([prelude, Buffer.alloc(64)]), 1000)).toEqual({ sound: false, found: [] })
    }
  })
})
