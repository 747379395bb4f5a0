import { request } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import {
  connect as connectTls,
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import { SeamError, systemCode } from '@seamark/kit'
import type { EgressGatewayOptions } from './options.ts'
import { within } from './within.ts'

/** Opens connections to addresses that were checked. */
export interface Dialer {
  /** Errors: `UNAVAILABLE`, `TIMEOUT`. */
  readonly tcp: (address: string, port: number) => Promise<Socket>
  /** The same, with TLS whose certificate is of `host`. */
  readonly tls: (address: string, port: number, host: string) => Promise<TLSSocket>
}

const away = (what: string, cause: unknown): SeamError =>
  new SeamError('UNAVAILABLE', `${what} (${systemCode(cause) ?? 'no reason given'}).`, {
    remedy: 'Try again later.',
    cause,
  })

function direct(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true, signal })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      // Whoever gets it listens; until then an error only closes it.
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}

function throughProxy(
  proxy: { readonly host: string; readonly port: number },
  target: string,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...proxy,
      method: 'CONNECT',
      path: target,
      headers: { host: target },
      agent: false,
      signal,
    })
    // Listened to for as long as it lives, here and below: an error that nobody listens to ends the process.
    asked.on('error', reject)
    asked.once('response', ({ statusCode }) => {
      asked.destroy()
      reject(new SeamError('UNAVAILABLE', `The proxy of the deployment answered ${statusCode}.`))
    })
    asked.once('connect', ({ statusCode }, socket: Socket, head) => {
      socket.on('error', () => socket.destroy())
      if (statusCode === 200 && head.length === 0) return resolve(socket)
      socket.destroy()
      reject(new SeamError('UNAVAILABLE', `The proxy of the deployment answered ${statusCode}.`))
    })
    asked.end()
  })
}

function secured(socket: Socket, host: string, secureContext: SecureContext, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      secureContext,
      ALPNProtocols: ['http/1.1'],
    })
    const stop = (): void => void secure.destroy(new SeamError('TIMEOUT', 'It took too long.'))
    signal.addEventListener('abort', stop, { once: true })
    secure.on('error', reject)
    secure.once('secureConnect', () => {
      signal.removeEventListener('abort', stop)
      resolve(secure)
    })
  })
}

/** Connections that leave directly or through the deployment's proxy. */
export function dialer(options: {
  readonly proxy: EgressGatewayOptions['proxy']
  readonly extraCas: readonly string[]
  readonly connectMs: number
}): Dialer {
  const { proxy, connectMs } = options
  // One for all: reading the certificates takes longer than a call.
  const context = createSecureContext({ ca: [...rootCertificates, ...options.extraCas], minVersion: 'TLSv1.2' })

  async function timed<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController()
    try {
      return await within(work(stop.signal), connectMs, stop)
    } catch (error) {
      if (error instanceof SeamError) throw error
      throw away(what, error)
    }
  }

  const tcp = (address: string, port: number): Promise<Socket> =>
    timed('The host can not be connected to', (signal) => {
      const target = `${isIP(address) === 6 ? `[${address}]` : address}:${port}`
      return proxy === undefined ? direct(address, port, signal) : throughProxy(proxy, target, signal)
    })

  return {
    tcp,
    async tls(address, port, host) {
      const socket = await tcp(address, port)
      try {
        const secure = await timed('TLS with the host failed', (signal) => secured(socket, host, context, signal))
        // It can have ended with what came right behind the handshake; a request on it would wait for nothing.
        if (secure.destroyed) throw new SeamError('UNAVAILABLE', 'The host ended the connection.')
        return secure
      } catch (error) {
        socket.destroy()
        throw error
      }
    },
  }
}
