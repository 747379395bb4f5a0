import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { expect, it } from 'vitest'
import { certificateFor } from './support/certificates.ts'
import { dialer } from '../src/dial.ts'

it.each(['TLSv1.2', 'TLSv1.3'] as const)('lives through garbage right behind the handshake of %s', async (version) => {
  const { ca, cert, key } = await certificateFor(['api.example'])
  const secureContext = createSecureContext({ cert, key, minVersion: version, maxVersion: version })
  const held: Socket[] = []
  const server = createServer((raw) => {
    held.push(raw)
    raw.on('error', () => raw.destroy())
    const secure = new TLSSocket(raw, { isServer: true, secureContext })
    secure.on('error', () => secure.destroy())
    secure.on('secure', () => void raw.write(Buffer.alloc(200, 0x17)))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { tls } = dialer({ proxy: undefined, extraCas: [ca], connectMs: 2_000 })
  const socket = await tls('127.0.0.1', (server.address() as AddressInfo).port, 'api.example').catch(
    (error: unknown) => {
      expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    },
  )
  // An error that nobody listens to would end the process here.
  await new Promise((done) => setTimeout(done, 200))
  socket?.destroy()
  for (const each of held) each.destroy()
  server.close()
})
