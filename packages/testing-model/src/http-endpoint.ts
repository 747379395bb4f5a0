import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasCode, SeamError, sleep, systemCode } from '@seamark/kit'
import type { Answer } from './answer.ts'
import { MODEL_SERVER_LIMITS } from './limits.ts'
import type { ReceivedBody } from './read-body.ts'

/** A request whose body was read. Header names are in lower case; of one that comes twice the values are joined. */
export interface ReceivedRequest extends ReceivedBody {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
}

/** How the answer to a request went over. */
export type Delivered = 'whole' | 'cut' | 'client-gone'

export interface Endpoint {
  readonly url: string
  close(): Promise<void>
}

export type Handler = (request: ReceivedRequest) => {
  readonly answer: Answer
  readonly delivered: (how: Delivered) => void
}

/** An HTTP server on loopback with one handler for every request. Errors: `CONFLICT` where the port is in use. */
export async function httpEndpoint(handle: Handler, port: number): Promise<Endpoint> {
  const closing = new AbortController()
  const server = createServer((request, response) => {
    void respond(request, response, handle, closing.signal).catch(() => request.socket.destroy())
  })
  // A client that keeps a connection must not find it closed just when it asks again.
  server.keepAliveTimeout = 0
  server.listen(port, '127.0.0.1')
  await once(server, 'listening').catch((error: unknown) => {
    if (systemCode(error) !== 'EADDRINUSE') throw error
    throw new SeamError('CONFLICT', `Port ${port} of 127.0.0.1 is in use.`, {
      remedy: 'Use another, or 0 for any that is free.',
      cause: error,
    })
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://127.0.0.1:${bound}`,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      closing.abort()
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function receive(request: IncomingMessage): Promise<ReceivedBody> {
  const chunks: Uint8Array[] = []
  let size = 0
  const body: AsyncIterable<Uint8Array> = request
  for await (const bytes of body) {
    size += bytes.length
    // The rest is read and forgotten: a client that still sends does not see an answer.
    if (size <= MODEL_SERVER_LIMITS.bodyBytes) chunks.push(bytes)
    else chunks.length = 0
  }
  return { bytes: Buffer.concat(chunks), tooLarge: size > MODEL_SERVER_LIMITS.bodyBytes }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  handle: Handler,
  closing: AbortSignal,
): Promise<void> {
  const body = await receive(request)
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  )
  const { method = '', url = '/' } = request
  const { answer, delivered } = handle({ method, target: url, headers, ...body })
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  // It may be gone since its request was read.
  if (request.socket.destroyed) gone.abort()
  delivered(await deliver(response, answer, AbortSignal.any([gone.signal, closing])))
}

/** Writes one piece, and waits until it is with the system. */
const write = (response: ServerResponse, piece: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    response.write(piece, () => resolve())
  })

async function deliver(response: ServerResponse, answer: Answer, signal: AbortSignal): Promise<Delivered> {
  const { status, headers, pieces, firstDelayMs, delayMs, end } = answer
  try {
    if (firstDelayMs > 0) await sleep(firstDelayMs, signal)
    if (end === 'reset') {
      response.socket?.destroy()
      return 'cut'
    }
    if (end === 'never') {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true })
        if (signal.aborted) resolve(undefined)
      })
      return 'client-gone'
    }
    response.writeHead(status, headers)
    response.flushHeaders()
    for (const [index, piece] of pieces.entries()) {
      if (index > 0 && delayMs > 0) await sleep(delayMs, signal)
      if (signal.aborted) return 'client-gone'
      await write(response, piece)
    }
  } catch (error) {
    if (hasCode(error, 'ABORTED')) return 'client-gone'
    throw error
  }
  if (end === 'cut') {
    response.socket?.destroySoon()
    return 'cut'
  }
  const ended = once(response, 'close')
  response.end()
  await ended
  return response.writableFinished ? 'whole' : 'client-gone'
}
