import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { onTestFinished } from 'vitest'
import type { AcpMcpServer } from '../src/index.ts'

/** Serves until the test is over, and says where. */
export async function served(listener: RequestListener, tunnel?: string): Promise<string> {
  const server = createServer(listener)
  if (tunnel !== undefined) server.on('connect', (_, socket) => socket.end(tunnel))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It has no port.')
  return `http://127.0.0.1:${address.port}`
}

/** A real server that is reached by HTTP, at `/mcp/`; what is asked at `/mcp` is led there. */
export function byHttp(answer: 'json' | 'stream', heard: (method: string) => void = () => undefined): Promise<string> {
  return served((request, response) => {
    if (request.url === '/mcp') return void response.writeHead(307, { location: '/mcp/' }).end()
    heard(`${request.method} ${[request.headers['x-of']].join()}`)
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: answer === 'json' })
    new McpServer({ name: 'served', version: '1' })
      .connect(transport)
      .then(() => transport.handleRequest(request, response))
      .catch(() => response.destroy())
  })
}

/** What a server that is reached by SSE says first, and no more. */
export function bySse(): Promise<string> {
  return served(({ method }, response) => {
    if (method === 'GET')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /messages\n\n')
    else response.writeHead(405).end()
  })
}

export const urlServer = (name: string, url: string, type: 'http' | 'sse' = 'http'): AcpMcpServer => ({
  name,
  type,
  url,
  headers: [{ name: 'x-of', value: name }],
})

/** Where nobody listens. */
export const NOBODY = 'http://127.0.0.1:1/mcp'
