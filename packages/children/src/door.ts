import type { ChildrenDoor } from '@seamark/core'
import { listenPrivately } from '@seamark/kit'
import type { Socket } from 'node:net'
import type { ReadItems } from './family.ts'
import { family } from './family.ts'
import { CHILDREN_LIMITS } from './limits.ts'
import { pacer } from './pace.ts'

export interface ChildrenDoorOptions {
  /** Reads what an agent writes against what the deployment has. */
  readonly readItems: ReadItems
  /** Said to agents. */
  readonly version: string
}

/** Hears agents over one socket for each attempt, in the Model Context Protocol, as newline-delimited JSON. */
export function childrenDoor({ readItems, version }: ChildrenDoorOptions): ChildrenDoor {
  return {
    async open(spec) {
      const [{ childrenServer }, { SocketTransport }] = await Promise.all([
        import('./tools.ts'),
        import('./socket-transport.ts'),
      ])
      const closing = new AbortController()
      const kin = family(spec, readItems, closing.signal)
      const sockets = new Set<Socket>()
      const taken: number[] = []
      const pace = pacer()
      const listener = await listenPrivately(spec.socketPath)
      listener.removeAllListeners('connection').unref()
      listener.on('connection', (socket) => {
        const now = performance.now()
        while ((taken[0] ?? now) < now - 1_000) taken.shift()
        const full = sockets.size >= CHILDREN_LIMITS.connections || taken.length >= CHILDREN_LIMITS.connectionsPerSecond
        if (full) return void socket.destroy()
        taken.push(now)
        sockets.add(socket)
        socket.on('error', () => socket.destroy())
        socket.on('close', () => sockets.delete(socket))
        void childrenServer(kin, version).connect(new SocketTransport(socket, pace))
      })
      return {
        async close() {
          closing.abort()
          for (const socket of sockets) socket.destroy()
          await new Promise<void>((done) => listener.close(() => done()))
        },
      }
    },
  }
}
