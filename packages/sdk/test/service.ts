import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real HTTP server on a unix socket, whose answers the test writes. */
export interface TestService {
  readonly socketPath: string
  /** Requests as they came, with their bodies. */
  readonly requests: { readonly method: string; readonly url: string; readonly type: string; readonly body: string }[]
  stop(): Promise<void>
}

export async function startService(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), 'seamark-sdk-'))
  const socketPath = join(folder, 's.sock')
  const requests: TestService['requests'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({
        method: request.method ?? '',
        url: request.url ?? '',
        type: request.headers['content-type'] ?? '',
        body: Buffer.concat(chunks).toString(),
      })
      answer(request, response, requests.length)
    })
  })
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    socketPath,
    requests,
    async stop() {
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
