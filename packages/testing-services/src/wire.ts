import { createServer, request } from 'node:http'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { S3Access } from './s3-access.ts'

/** How much later than its answer a request that is `late` reaches the server. */
export const LATE_MS = 1_000

/** What happens to one request on the wire. */
export type Fault =
  | 'none'
  /** The answer comes a few bytes at a time. */
  | 'slow'
  /** The connection breaks before the request reaches the server. */
  | 'cut-request'
  /** The connection breaks in the middle of the answer. */
  | 'cut-answer'
  /** One bit of the body changes on its way to the server. */
  | 'flip'
  /** The server does what was asked; the answer says 500. */
  | 'lost-answer'
  /** The answer says 500 at once; the request reaches the server `LATE_MS` after that. */
  | 'late'
  /** Any answer of S3, instead of the server's. */
  | { readonly status: number; readonly code: string; readonly headers?: Readonly<Record<string, string>> }

/** A request as the wire sees it. */
export interface Seen {
  readonly method: string
  readonly url: string
  /** Counted from 1. */
  readonly number: number
}

/** A wire between a client and a server, for this machine only. */
export interface Wire {
  /** The server's, through the wire. The host in the request stays the server's, which is what was signed. */
  readonly access: S3Access
  readonly seen: readonly Seen[]
  close(): Promise<void>
}

/** Starts a wire on which `choose` decides what happens to each request. */
export async function wireTo(access: S3Access, choose: (seen: Seen) => Fault): Promise<Wire> {
  const target = new URL(access.endpoint)
  const seen: Seen[] = []

  function handle(incoming: IncomingMessage, answer: ServerResponse): void {
    const one: Seen = { method: incoming.method ?? '', url: incoming.url ?? '', number: seen.length + 1 }
    seen.push(one)
    const fault = choose(one)
    if (fault === 'cut-request') return void incoming.socket.destroy()
    if (typeof fault === 'object') return refuse(incoming, answer, fault)
    if (fault === 'late') return void delay(incoming, answer).catch(() => answer.destroy())
    const { hostname, port } = target
    const { method, url, headers } = incoming
    const forwarded: ClientRequest = request(
      { hostname, port, method, path: url, headers, agent: false },
      (response) => void pass(response, answer, fault).catch(() => answer.destroy()),
    )
    forwarded.once('error', () => answer.destroy())
    if (fault === 'flip') incoming.once('data', (chunk: Buffer) => (chunk[0] = (chunk[0] ?? 0) ^ 1))
    pipeline(incoming, forwarded, () => undefined)
  }

  /** The client has its answer, and the server the request only after that: what is tried again is there first. */
  async function delay(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(incoming)
    error(answer, { status: 500, code: 'InternalError' })
    await sleep(LATE_MS)
    const { hostname, port } = target
    const { method, url, headers } = incoming
    const forwarded = request({ hostname, port, method, path: url, headers, agent: false }, (response) =>
      response.resume(),
    )
    // Nobody waits for it any more.
    forwarded.once('error', () => undefined)
    forwarded.end(body)
  }

  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    access: { ...access, endpoint: `http://127.0.0.1:${port}` },
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function pass(response: IncomingMessage, answer: ServerResponse, fault: Fault): Promise<void> {
  if (fault === 'lost-answer') {
    for await (const _ of response) continue
    return error(answer, { status: 500, code: 'InternalError' })
  }
  answer.writeHead(response.statusCode ?? 500, response.headers)
  let passed = 0
  const cutAt = Math.floor(Number(response.headers['content-length'] ?? 2) / 2)
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk)
    if (fault === 'cut-answer' && passed + bytes.byteLength >= cutAt) {
      answer.write(bytes.subarray(0, Math.max(0, cutAt - passed)))
      await sleep(5)
      return void answer.destroy()
    }
    if (fault === 'slow')
      for (let at = 0; at < bytes.byteLength; at += 16_384) {
        answer.write(bytes.subarray(at, at + 16_384))
        await sleep(1)
      }
    else answer.write(bytes)
    passed += bytes.byteLength
  }
  answer.end()
}

function refuse(incoming: IncomingMessage, answer: ServerResponse, fault: Exclude<Fault, string>): void {
  incoming.resume()
  incoming.once('end', () => error(answer, fault))
}

function error(answer: ServerResponse, { status, code, headers = {} }: Exclude<Fault, string>): void {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>On the wire.</Message></Error>`
  answer.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml), ...headers })
  answer.end(answer.req.method === 'HEAD' ? '' : xml)
}
