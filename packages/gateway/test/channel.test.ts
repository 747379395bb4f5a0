import { EventEmitter } from 'node:events'
import { createServer, type Server } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { SeamError } from '@seamark/kit'
import { z } from 'zod'
import { channel, fit, question, type Handlers, type Peer } from '../src/channel.ts'
import { gatewayProcess } from '../src/gateway-process.ts'
import type { ProcessOptions } from '../src/process-options.ts'
import { tellLines } from '../src/said.ts'

const sum = question(z.strictObject({ a: z.int(), b: z.int() }), async ({ a, b }) => a + b)

/** One side of a channel whose other side is the test. */
function side(handlers: Handlers = { sum }) {
  const events = new EventEmitter()
  const sent: unknown[] = []
  const broken: SeamError[] = []
  const peer: Peer = {
    send: (message, _, done) => (sent.push(message), done(null), true),
    on: (event, listener) => events.on(event, listener),
  }
  const made = channel(peer, handlers, (error) => broken.push(error))
  return { ...made, sent, broken, hear: (message: unknown, handle?: Server) => events.emit('message', message, handle) }
}

it('lets nothing be asked that the other side would take for no question', () => {
  const form = z.strictObject({ name: z.string().max(3) })
  expect(fit(form, { name: 'abc' })).toEqual({ name: 'abc' })
  expect(() => fit(form, { name: 'abcd' })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
})

describe('a channel', () => {
  it('answers questions, and hears answers', async () => {
    const here = side()
    here.hear({ ask: 7, method: 'sum', value: { a: 1, b: 2 } })
    await expect.poll(() => here.sent).toEqual([{ answer: 7, value: 3 }])
    const asked = here.ask('x', 1)
    here.hear({ answer: 1, error: { code: 'CONFLICT', message: 'no', pointer: '/a' } })
    await expect(asked).rejects.toMatchObject({ code: 'CONFLICT', problems: [{ place: { pointer: '/a' } }] })
    expect(here.broken).toEqual([])
  })

  it.each([
    ['no message', 'garbage'],
    ['a message with more in it', { ask: 1, method: 'sum', value: {}, more: 1 }],
    ['a question that there is none of', { ask: 1, method: 'sums', value: {} }],
    ['a question by a name of every object', { ask: 1, method: 'constructor', value: {} }],
    ['a value that is none of its question', { ask: 1, method: 'sum', value: { a: 1, b: '2' } }],
    ['an answer to nothing', { answer: 2, value: 1 }],
  ])('is broken off by %s: what waits is told, and nothing more is heard or said', async (_, message) => {
    const here = side()
    const asked = here.ask('x', 1)
    here.hear(message)
    await expect(asked).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(here.broken).toMatchObject([{ code: 'INTERNAL' }])
    here.hear({ ask: 8, method: 'sum', value: { a: 1, b: 2 } })
    here.hear('garbage')
    await expect(here.ask('x', 2)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect([here.sent.length, here.broken.length]).toEqual([1, 1])
  })

  it('keeps no socket that came with what it does not understand', async () => {
    const here = side()
    const handle = createServer()
    const closed = new Promise((done) => handle.once('close', done))
    await new Promise<void>((done) => handle.listen(0, '127.0.0.1', done))
    here.hear({ ask: 1, method: 'sums', value: {} }, handle)
    await closed
  })
})

it("ends the gateway's process where it does not understand its owner, and tells why", async () => {
  const notices: Error[] = []
  // Options of another version, as they would be after half an upgrade.
  const options = { version: 2 } as unknown as ProcessOptions
  const made = gatewayProcess(options, {}, (error) => notices.push(error))
  await expect(made).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect.poll(() => notices, { timeout: 20_000 }).toMatchObject([{ code: 'INTERNAL' }])
})

it("ends the gateway's process where its owner does not understand it, and tells who waits", async () => {
  const notices: Error[] = []
  const options = { carriers: {}, user: { uid: 64_199, gid: 64_199 } }
  // It asks for certificates to be placed, which is no question here.
  const made = await gatewayProcess(options, {}, (error) => notices.push(error))
  const listener = createServer()
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done))
  const opening = made.ask('open', { attempt: 1, launchId: 'sm1', rules: [], meters: false }, listener)
  await expect(opening).rejects.toMatchObject({ code: 'INTERNAL' })
  expect(await made.ended).toBe('SIGKILL')
  expect(notices).toMatchObject([{ code: 'INTERNAL' }])
  await new Promise((done) => listener.close(done))
})

describe('what a process says', () => {
  async function told(text: string | Buffer, pieces = 3): Promise<{ lines: string[]; more: number }> {
    const stream = new PassThrough()
    const lines: string[] = []
    let more = 0
    tellLines(
      stream,
      (line) => lines.push(line),
      () => more++,
    )
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += pieces) stream.write(bytes.subarray(at, at + pieces))
    stream.end()
    await new Promise((done) => stream.once('close', done))
    return { lines, more }
  }

  it('is told line by line, without what acts on a terminal', async () => {
    expect(await told('one\r\n\n\u001b[31mré\u202ed\n\tlast')).toEqual({
      lines: ['one', ' [31mré d', ' last'],
      more: 0,
    })
  })

  it('is bounded, and that there was more is told once', async () => {
    expect((await told('x'.repeat(5_000), 64)).lines).toEqual(['x'.repeat(1_000)])
    const { lines, more } = await told('line\n'.repeat(500), 64)
    expect([lines.length, more]).toEqual([100, 1])
  })
})
