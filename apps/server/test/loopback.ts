import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

/**
 * Listens at one port of several loopback addresses, and nowhere else, until the server is closed. Resolves with the port, which is
 * any that is free where none is given.
 */
export async function listenOn(server: Server, addresses: readonly string[], wanted = 0): Promise<number> {
  const [first, ...others] = addresses
  server.listen(wanted, first)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (const address of others) {
    const door = createServer((socket) => void server.emit('connection', socket))
    door.listen(port, address)
    await once(door, 'listening')
    server.once('close', () => door.close())
  }
  return port
}
