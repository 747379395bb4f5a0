import type { Socket } from 'node:net'
import { clientHello, type Hello } from './client-hello.ts'

/** The first bytes of a connection and what they are. */
export interface FirstBytes {
  readonly hello: Exclude<Hello, { readonly kind: 'incomplete' }>
  readonly bytes: Buffer
}

/**
 * Reads until it is known whether a connection begins with a ClientHello; leaves it paused. `undefined` where it ended or
 * took longer than `ms`.
 */
export function firstBytes(socket: Socket, head: Buffer, ms: number): Promise<FirstBytes | undefined> {
  return new Promise((resolve) => {
    let bytes = head
    const settle = (found: FirstBytes | undefined): void => {
      clearTimeout(timer)
      socket.off('data', onData)
      socket.off('end', onEnd)
      socket.off('close', onEnd)
      socket.pause()
      resolve(found)
    }
    const look = (): void => {
      const hello = clientHello(bytes)
      if (hello.kind !== 'incomplete') settle({ hello, bytes })
    }
    const onData = (piece: Buffer): void => {
      bytes = Buffer.concat([bytes, piece])
      look()
    }
    const onEnd = (): void => settle(bytes.length === 0 ? undefined : { hello: { kind: 'none' }, bytes })
    const timer = setTimeout(() => settle(undefined), ms)
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('close', onEnd)
    if (bytes.length > 0) look()
  })
}
