import { connect, createServer, type AddressInfo } from 'node:net'

/** Listens on loopback and leads to a unix socket, as what is inside a sandbox does. */
export async function relayTo(socketPath: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((near) => {
    const far = connect(socketPath)
    const end = (): void => [near, far].forEach((each) => each.destroy())
    for (const side of [near, far]) side.on('error', end).on('close', end)
    near.pipe(far)
    far.pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}
