import { hasCode } from '@seamark/kit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clipper, demultiplexer, type Piece } from '../src/demultiplex.ts'

const STREAMS = { stdout: 1, stderr: 2 }

function frame({ stream, bytes }: Piece): Buffer {
  const header = Buffer.from([STREAMS[stream], 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(bytes.byteLength, 4)
  return Buffer.concat([header, bytes])
}

/** What was written to each stream, and the order of the two among each other, byte by byte. */
function flat(pieces: readonly Piece[]): string {
  return pieces.map(({ stream, bytes }) => [...bytes].map((byte) => `${stream[3]}${byte}`).join(' ')).join(' ')
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [...new Set(at.map((share) => share % (bytes.byteLength + 1)))].toSorted((a, b) => a - b)
  return [...ends, bytes.byteLength].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

const pieces = fc.array(
  fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
  { maxLength: 20 },
)

describe('the streams of the engine', () => {
  it('are taken apart wherever chunks end', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat()), (written, at) => {
        const take = demultiplexer()
        const got = cut(Buffer.concat(written.map(frame)), at).flatMap((chunk) => take(chunk))
        const filled = (list: readonly Piece[]) => list.filter(({ bytes }) => bytes.byteLength > 0)
        expect(flat(filled(got))).toBe(flat(filled(written)))
      }),
    )
  })

  it('are taken apart one byte at a time', () => {
    const written: Piece[] = [
      { stream: 'stderr', bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 9) },
      { stream: 'stdout', bytes: new Uint8Array(0) },
      { stream: 'stdout', bytes: Uint8Array.of(2) },
    ]
    const take = demultiplexer()
    const got = Array.from(Buffer.concat(written.map(frame)), (byte) => take(Uint8Array.of(byte))).flat()
    expect(got.map(({ stream }) => stream)).toEqual([...Array<string>(8).fill('stderr'), 'stdout'])
  })

  it('take no memory for a frame that says it is huge', () => {
    const take = demultiplexer()
    expect(take(Uint8Array.of(1, 0, 0, 0, 255, 255, 255, 255))).toEqual([])
    const chunk = new Uint8Array(10)
    const [piece] = take(chunk)
    expect(piece?.bytes.buffer).toBe(chunk.buffer)
  })

  it('are refused where they are something else', () => {
    const codeOf = (bytes: readonly number[]) => {
      try {
        demultiplexer()(Uint8Array.from(bytes))
      } catch (error) {
        return hasCode(error, 'INTEGRITY') ? 'INTEGRITY' : hasCode(error, 'UNAVAILABLE') ? 'UNAVAILABLE' : 'other'
      }
      return undefined
    }
    expect(codeOf([0, 0, 0, 0, 0, 0, 0, 1])).toBe('INTEGRITY')
    expect(codeOf([4, 0, 0, 0, 0, 0, 0, 1])).toBe('INTEGRITY')
    expect(codeOf([1, 0, 1, 0, 0, 0, 0, 1])).toBe('INTEGRITY')
    expect(codeOf([...Buffer.from('{"message":"no"}')])).toBe('INTEGRITY')
    expect(codeOf([3, 0, 0, 0, 0, 0, 0, 1])).toBe('UNAVAILABLE')
  })
})

describe('a limit', () => {
  it('cuts at the same byte however the output is cut into pieces', () => {
    fc.assert(
      fc.property(pieces, fc.nat({ max: 200 }), fc.nat({ max: 7 }), (written, limit, size) => {
        const whole = clipper(limit)
        const small = clipper(limit)
        const parts = written.flatMap(({ stream, bytes }) =>
          Array.from({ length: Math.ceil(bytes.byteLength / (size + 1)) }, (_, i) => ({
            stream,
            bytes: bytes.subarray(i * (size + 1), (i + 1) * (size + 1)),
          })),
        )
        const kept = (list: readonly Piece[]) => flat(list.filter(({ bytes }) => bytes.byteLength > 0))
        expect(kept(parts.map((part) => small.take(part)))).toBe(kept(written.map((piece) => whole.take(piece))))
        expect(small.count()).toEqual(whole.count())
        const total = written.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
        const { stdout, stderr, over } = whole.count()
        expect([stdout + stderr, over]).toEqual([Math.min(total, limit), total > limit])
      }),
    )
  })

  it('that is not there cuts nothing', () => {
    const clip = clipper(undefined)
    clip.take({ stream: 'stdout', bytes: new Uint8Array(1000) })
    expect(clip.count()).toEqual({ stdout: 1000, stderr: 0, over: false })
  })
})
