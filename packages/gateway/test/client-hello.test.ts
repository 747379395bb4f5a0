import { createServer, type AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientHello } from '../src/client-hello.ts'

/** What Node's TLS sends first. */
async function real(servername: string): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', servername })
  client.on('error', () => undefined)
  const bytes = await new Promise<Buffer>((resolve) =>
    server.once('connection', (socket) => {
      socket.on('error', () => undefined)
      let seen = Buffer.alloc(0)
      socket.on('data', (piece) => {
        seen = Buffer.concat([seen, piece])
        if (clientHello(seen).kind !== 'incomplete') resolve(seen)
      })
    }),
  )
  client.destroy()
  server.close()
  return bytes
}

const number = (value: number, length: number): Buffer => {
  const out = Buffer.alloc(length)
  out.writeUIntBE(value, 0, length)
  return out
}
const vector = (contents: Uint8Array, length: number): Buffer =>
  Buffer.concat([number(contents.length, length), contents])
const extension = (type: number, body: Uint8Array): Buffer => Buffer.concat([number(type, 2), vector(body, 2)])
const serverName = (...names: readonly string[]): Buffer =>
  extension(
    0,
    vector(Buffer.concat(names.map((name) => Buffer.concat([number(0, 1), vector(Buffer.from(name), 2)]))), 2),
  )

function made(extensions: readonly Buffer[], after: Uint8Array = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([
    number(0x0303, 2),
    Buffer.alloc(32, 7),
    vector(Buffer.alloc(32), 1),
    vector(number(0x1301, 2), 2),
    vector(Buffer.of(0), 1),
    vector(Buffer.concat(extensions), 2),
    after,
  ])
  return Buffer.concat([number(1, 1), vector(body, 3)])
}

function records(message: Buffer, sizes: readonly number[] = []): Buffer {
  const out: Buffer[] = []
  let at = 0
  for (const size of [...sizes, message.length]) {
    const part = message.subarray(at, at + size)
    if (part.length > 0) out.push(Buffer.from([22, 3, 1]), vector(part, 2))
    at += size
  }
  return Buffer.concat(out)
}

describe('clientHello', () => {
  it('reads what a real client sends, and needs all of it', async () => {
    const bytes = await real('Api.Example')
    expect(clientHello(bytes)).toEqual({ kind: 'hello', serverName: 'api.example', encrypted: false })
    for (let length = 0; length < bytes.length; length++)
      expect(clientHello(bytes.subarray(0, length))).toEqual({ kind: 'incomplete' })
  })

  it('reads one that is spread over records of any size', () => {
    const message = made([serverName('api.example')])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 }), (sizes) => {
        expect(clientHello(records(message, sizes))).toMatchObject({ serverName: 'api.example' })
      }),
    )
  })

  it.each([
    ['two names', made([serverName('api.example', 'other.example')])],
    ['two extensions with names', made([serverName('api.example'), serverName('other.example')])],
    ['an empty name', made([serverName('')])],
    ['a NUL in a name', made([serverName('api.example\0.other')])],
    ['a name of another type', made([extension(0, vector(Buffer.from([1, 0, 1, 97]), 2))])],
    [
      'bytes after the names',
      made([extension(0, Buffer.concat([vector(Buffer.from([0, 0, 1, 97]), 2), Buffer.of(0)]))]),
    ],
    ['bytes after the extensions', made([serverName('api.example')], Buffer.of(0))],
    ['an extension that is cut', made([Buffer.concat([number(0, 2), number(90, 2), Buffer.of(1)])])],
  ])('refuses %s', (_, message) => {
    expect(clientHello(records(message))).toEqual({ kind: 'none' })
  })

  it('refuses what follows a ClientHello, in its record and after it', () => {
    const message = made([serverName('api.example')])
    expect(clientHello(records(Buffer.concat([message, message])))).toEqual({ kind: 'none' })
    expect(clientHello(Buffer.concat([records(message), records(message)]))).toEqual({ kind: 'none' })
  })

  it('tells of an encrypted one', () => {
    const message = made([serverName('api.example'), extension(0xfe0d, Buffer.alloc(8))])
    expect(clientHello(records(message))).toMatchObject({ encrypted: true })
  })

  it('never throws, whatever the bytes', () => {
    const hello = records(made([serverName('api.example')]))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(hello.length - 1), fc.nat(255), (bytes, at, value) => {
        const changed = Buffer.from(hello)
        changed[at] = value
        expect(['none', 'incomplete', 'hello']).toContain(clientHello(bytes).kind)
        expect(['none', 'incomplete', 'hello']).toContain(clientHello(changed).kind)
      }),
      { numRuns: 2_000 },
    )
  })
})
