import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openTail } from '../src/tail.ts'

const KEPT = 64 * 1024

function frame(bytes: Uint8Array, stream = 1): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(bytes.byteLength, 4)
  return Buffer.concat([header, bytes])
}

describe('the live end of output', () => {
  it('has the last 64 KiB, from any offset in them, and nothing before', async () => {
    const sizes = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 100_000 })), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (list, pick) => {
        let n = 0
        const parts = list.map((size) => Uint8Array.from({ length: size }, () => n++ % 251))
        const whole = Buffer.concat(parts)
        async function* chunks() {
          for (const part of parts) yield frame(part)
        }
        const tail = openTail(
          chunks(),
          undefined,
          () => undefined,
          () => undefined,
        )
        while (!tail.ended) await tail.changed()
        expect(tail.total).toBe(whole.byteLength)
        const offset = pick % (whole.byteLength + 2)
        const kept = offset >= whole.byteLength - KEPT
        expect(Buffer.from(tail.from('stdout', offset)).equals(kept ? whole.subarray(offset) : Buffer.alloc(0))).toBe(
          true,
        )
        expect(tail.from('stderr', 0).byteLength).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('has nothing of what the keeper says', async () => {
    const watchword = '0f'.repeat(16)
    async function* chunks() {
      yield frame(Buffer.from('said'), 2)
      yield frame(Buffer.from(`!\0${watchword}0003`), 2)
      yield frame(Buffer.from('abc'), 2)
    }
    const tail = openTail(
      chunks(),
      watchword,
      () => undefined,
      () => undefined,
    )
    while (!tail.ended) await tail.changed()
    expect([tail.total, Buffer.from(tail.from('stderr', 0)).toString()]).toEqual([5, 'said!'])
  })

  it('that breaks says why, and ends', async () => {
    async function* chunks() {
      yield frame(Buffer.from('kept'))
      yield Buffer.from('this is no frame')
    }
    const told: unknown[] = []
    const tail = openTail(
      chunks(),
      undefined,
      () => undefined,
      (error) => told.push(error),
    )
    while (!tail.ended) await tail.changed()
    expect(told).toEqual([expect.objectContaining({ code: 'INTEGRITY' })])
    expect(Buffer.from(tail.from('stdout', 0)).toString()).toBe('kept')
  })
})
