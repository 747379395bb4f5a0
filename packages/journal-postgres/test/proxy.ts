import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** A wire to a server that can be cut, or let nothing through. */
export interface Proxy {
  readonly port: number
  /** Ends every connection. */
  cut(): void
  /** While true nothing goes through, in either direction, and no connection is ended. */
  silent: boolean
  close(): Promise<void>
}

export async function proxyTo(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let silent = false
  const waiting = new Set<() => void>()
  const relay = (from: Socket, to: Socket): void => {
    from.on('data', (bytes: Buffer) => {
      if (silent) waiting.add(() => to.write(bytes))
      else to.write(bytes)
    })
    from.on('close', () => to.destroy())
    from.on('error', () => to.destroy())
    sockets.add(from)
  }
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    relay(client, upstream)
    relay(upstream, client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    waiting.clear()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    get silent() {
      return silent
    },
    set silent(now) {
      silent = now
      if (!now) for (const send of waiting) send()
      waiting.clear()
    },
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
