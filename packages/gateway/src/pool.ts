import { Agent } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { SeamError } from '@seamark/kit'
import type { Dialer } from './dial.ts'

// Less than the five seconds after which many servers close: a request must not meet a connection that just ended.
const keptMs = 4_000
const mostKeptMs = 60_000

/** Connections of one attempt to its hosts, kept for a while between requests. Never shared with another attempt. */
export interface Pool {
  /** Takes note of how long the host says that it keeps a connection (the header Keep-Alive). */
  readonly announced: (socket: Duplex, keepAlive: string | undefined) => void
  readonly kept: Agent
  /** For a request that must not get a connection that was used before. */
  readonly fresh: Agent
  readonly destroy: () => void
}

export function connectionPool(dialer: Dialer, maxConnections: number): Pool {
  async function dial(
    address: string,
    port: number,
    name: string,
    done: (error: Error | null, socket: Duplex) => void,
  ): Promise<void> {
    let socket: Duplex
    try {
      socket = await dialer.tls(address, port, name)
    } catch (error) {
      // Node's types want a socket beside an error.
      return void Reflect.apply(done, undefined, [error])
    }
    done(null, socket)
  }

  function agent(keepAlive: boolean): Agent {
    const made = new Agent({
      keepAlive,
      maxSockets: maxConnections,
      // As many as were in use: a burst that comes back within seconds makes no new ones.
      maxFreeSockets: maxConnections,
      ...(keepAlive && { timeout: keptMs }),
    })
    made.createConnection = ({ host, port, servername }, done) => {
      if (typeof host !== 'string' || done === undefined)
        throw new SeamError('INTERNAL', 'A connection without an address was asked for.')
      // The address is what was pinned; the name is only what its certificate is checked for.
      const name = servername === undefined || servername === '' ? host : servername
      void dial(host, Number(port), name, done)
      return undefined
    }
    return made
  }
  const [kept, fresh] = [agent(true), agent(false)]
  const longer = new WeakMap<Duplex, number>()
  const keep: (socket: Duplex) => unknown = kept.keepSocketAlive.bind(kept)
  kept.keepSocketAlive = (socket) => {
    // Node's types do not say that it answers.
    const isKept = keep(socket) === true
    if (isKept && socket instanceof Socket) socket.setTimeout(longer.get(socket) ?? keptMs)
    return isKept
  }
  return {
    announced(socket, keepAlive) {
      const [, seconds] = /\btimeout=(\d{1,6})\b/.exec(keepAlive ?? '') ?? []
      // It counts from when it sent its answer.
      if (seconds !== undefined) longer.set(socket, Math.min(mostKeptMs, Math.max(1, Number(seconds) * 1_000 - 1_000)))
    },
    kept,
    fresh,
    destroy() {
      kept.destroy()
      fresh.destroy()
    },
  }
}
