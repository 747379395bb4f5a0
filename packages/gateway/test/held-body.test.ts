import type { IncomingMessage, ServerResponse } from 'node:http'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { bodyReader, type BodyReading } from '../src/held-body.ts'

// As far as a reader of bodies knows a request and its answer.
const answer = (): ServerResponse => new EventEmitter() as ServerResponse
const request = (): Readable & IncomingMessage => new Readable({ read: () => undefined }) as Readable & IncomingMessage
const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

/** Bytes of a body that was read. */
function bytesOf(body: BodyReading): Uint8Array {
  if (typeof body === 'string') throw new Error(body)
  return body.take()
}

describe('a body that comes in pieces', () => {
  it.each(['chunked', 30_000] as const)('is whole, and holds no piece of it (%s)', async (length) => {
    const req = request()
    const reading = bodyReader(50_000, 100_000)(req, answer(), length)
    const pieces = Array.from({ length: 30_000 }, (_, at) => Buffer.from([at % 251]))
    for (const piece of pieces) req.emit('data', piece)
    // What was copied is not changed with them.
    for (const piece of pieces) piece[0] = 255
    req.emit('end')
    const body = bytesOf(await reading)
    expect(body).toHaveLength(30_000)
    expect(body.every((byte, at) => byte === at % 251)).toBe(true)
  })

  it('takes no more memory than its length twice, or than it may have', async () => {
    const sizes: number[] = []
    for (const count of [1, 4_096, 4_097, 9_000, 20_000]) {
      const req = request()
      const reading = bodyReader(20_000, 100_000)(req, answer(), 'chunked')
      for (let at = 0; at < count; at++) req.emit('data', Buffer.of(1))
      req.emit('end')
      sizes.push(bytesOf(await reading).buffer.byteLength)
    }
    expect(sizes).toEqual([4_096, 4_096, 8_192, 16_384, 20_000])
  })
})

describe('what is held', () => {
  it('is memory, not bytes of bodies, until it is released', async () => {
    const read = bodyReader(50_000, 10_000)
    const [first, second, third] = [request(), request(), request()]
    const answers = [first, second, third].map(answer)
    const readings = [first, second].map((req, at) => read(req, answers[at] ?? answer(), 'chunked'))
    for (const req of [first, second]) req.emit('data', Buffer.of(1))
    const refused = read(third, answers[2] ?? answer(), 'chunked')
    third.emit('data', Buffer.of(1))
    expect(await refused).toBe('too-many-bodies')
    for (const req of [first, second]) req.emit('end')
    for (const reading of readings) expect(bytesOf(await reading)).toHaveLength(1)
    answers[0]?.emit('close')
    await turn()
    const next = request()
    const again = read(next, answer(), 'chunked')
    next.emit('data', Buffer.of(2))
    next.emit('end')
    expect(bytesOf(await again)).toEqual(Buffer.of(2))
  })

  it('is no more than one body may have', async () => {
    const req = request()
    const reading = bodyReader(3, 10_000)(req, answer(), 'chunked')
    for (const byte of [1, 2, 3, 4]) req.emit('data', Buffer.of(byte))
    expect(await reading).toBe('too-large')
  })
})
