import { connect, type Socket } from 'node:net'

/** Everything that comes back on a connection that sends some bytes, until it ends, is refused or `ms` pass. */
export function exchange(socketPath: string, bytes: string | Buffer, ms = 5_000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    let seen = ''
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(seen)
    }
    const timer = setTimeout(done, ms)
    socket.on('data', (piece) => (seen += piece.toString('latin1')))
    socket.on('error', done)
    socket.on('close', done)
    socket.on('connect', () => socket.write(bytes))
  })
}

/** The error code of a problem document in an answer as text. */
export function codeOf(answer: string): string | undefined {
  return /"code":"([A-Z_]+)"/.exec(answer)?.[1]
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}

/** Sends CONNECT and resolves with the connection when it is a tunnel, or with the answer when it is not. */
export function tunnelTo(socketPath: string, authority: string): Promise<Socket | string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    socket.once('error', reject)
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
    let seen = ''
    socket.on('data', function take(piece: Buffer) {
      seen += piece.toString('latin1')
      if (!seen.includes('\r\n\r\n')) return
      socket.off('data', take)
      socket.off('error', reject)
      if (seen.startsWith('HTTP/1.1 200')) {
        socket.pause()
        return resolve(socket)
      }
      socket.on('error', () => socket.destroy())
      socket.on('data', (rest) => (seen += rest.toString('latin1')))
      socket.on('close', () => resolve(seen))
    })
  })
}
