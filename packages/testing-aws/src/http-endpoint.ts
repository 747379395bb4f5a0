import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SignedRequest } from './sigv4.ts'

/** What to send back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** How the connection ends: as it should, cut before the answer, cut in its middle, or never. */
  readonly end?: 'cut' | 'cut-in-answer' | 'never'
}

export interface HttpEndpoint {
  readonly url: string
  close(): Promise<void>
}

/** Most bytes of a request. */
const MAX_BODY = 1024 * 1024

/** An HTTP server on loopback with one handler for every request. */
export async function httpEndpoint(handle: (request: SignedRequest) => Answer, port: number): Promise<HttpEndpoint> {
  const server = createServer((request, response) => {
    void respond(request, response, handle).catch(() => request.socket.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://127.0.0.1:${bound}`,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      // A connection that is kept open, or that is never answered, must not keep the test.
      server.closeAllConnections()
      await closed
    },
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: SignedRequest) => Answer,
): Promise<void> {
  const chunks: Uint8Array[] = []
  let size = 0
  const body: AsyncIterable<Uint8Array> = request
  for await (const bytes of body) {
    size += bytes.length
    if (size > MAX_BODY) throw new Error('The request is too large.')
    chunks.push(bytes)
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  )
  const { method = '', url = '/' } = request
  const answer = handle({ method, target: url, headers, body: Buffer.concat(chunks) })
  if (answer.end === 'never') return
  if (answer.end === 'cut') {
    request.socket.destroy()
    return
  }
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.length) })
  if (answer.end === undefined) {
    response.end(answer.body)
    return
  }
  response.write(answer.body.subarray(0, answer.body.length >> 1), () => request.socket.destroy())
}
