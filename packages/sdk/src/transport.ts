import { isSeamError, SeamError, systemCode, toSeamError } from '@seamark/kit'
import type { Agent, IncomingMessage, request, RequestOptions } from 'node:http'
import type { ClientOptions } from './options.ts'

/** One HTTP request to the service. */
export interface WireRequest {
  readonly method: 'GET' | 'POST'
  /** Path and query. */
  readonly path: string
  readonly body?: string | Uint8Array
  readonly contentType?: string
  readonly accept: string
  readonly signal?: AbortSignal
  /** Longest silence, instead of the client's; 0 for any. */
  readonly silenceMs?: number
}

/** An answer whose body is not read yet. */
export interface WireAnswer {
  readonly status: number
  header(name: string): string | undefined
  /** The body as it comes; a cut connection and a long silence end it with an error, never early. */
  readonly body: AsyncIterable<Uint8Array>
}

export interface Transport {
  /** Says where it goes, for messages. */
  readonly place: string
  send(request: WireRequest): Promise<WireAnswer>
  close(): Promise<void>
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

interface Address {
  /** Where Node connects to. */
  readonly target: Pick<RequestOptions, 'host' | 'port' | 'socketPath'>
  readonly isTls: boolean
  readonly prefix: string
  readonly place: string
  readonly token?: string
}

function toAddress(options: ClientOptions): Address {
  if ('socketPath' in options) {
    const { socketPath } = options
    return { target: { host: 'localhost', socketPath }, isTls: false, prefix: '', place: socketPath }
  }
  if (!URL.canParse(options.url) || !/^https?:/.test(options.url))
    throw new SeamError('INVALID_INPUT', 'The address of the service is no http or https address.')
  const url = new URL(options.url)
  if (url.username !== '' || url.password !== '')
    throw new SeamError('INVALID_INPUT', 'The address of the service holds a credential.', {
      remedy: 'Pass it as token.',
    })
  if (options.token !== undefined && url.protocol === 'http:' && !loopback.has(url.hostname))
    throw new SeamError('INVALID_INPUT', 'A token would cross the network in the clear.', { remedy: 'Use https.' })
  return {
    target: { host: url.hostname.replace(/^\[|\]$/g, ''), ...(url.port !== '' && { port: url.port }) },
    isTls: url.protocol === 'https:',
    prefix: url.pathname.replace(/\/$/, ''),
    place: url.origin,
    ...(options.token !== undefined && { token: options.token }),
  }
}

function firstHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** What a failed connection means. `UNAVAILABLE` and `TIMEOUT` may be tried again. */
function transportError(error: unknown, place: string, signal: AbortSignal | undefined): SeamError {
  if (isSeamError(error)) return error
  if (signal?.aborted === true) return new SeamError('ABORTED', 'Stopped on request.', { cause: error })
  const code = systemCode(error) ?? ''
  if (code === 'EACCES' || code === 'EPERM')
    return new SeamError('FORBIDDEN', `This user may not open ${place}.`, {
      remedy: 'Run as the user that started the service.',
      cause: error,
    })
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return new SeamError('UNAVAILABLE', `No service answers at ${place}.`, {
      remedy: 'Start it with: seamark serve',
      cause: error,
    })
  if (code !== '')
    return new SeamError('UNAVAILABLE', `The connection to ${place} was lost (${code}).`, { cause: error })
  return toSeamError(error)
}

/** Waits for what a peer does next, and ends it with an error where that takes longer than `ms`; 0 for any time. */
async function unlessSilent<T>(
  what: Promise<T>,
  peer: { destroy(error: Error): unknown },
  ms: number,
  place: string,
): Promise<T> {
  const silent = () => peer.destroy(new SeamError('TIMEOUT', `The service at ${place} was silent for too long.`))
  const timer = ms === 0 ? undefined : setTimeout(silent, ms)
  try {
    return await what
  } finally {
    clearTimeout(timer)
  }
}

async function* bodyOf(
  answer: IncomingMessage,
  silenceMs: number,
  place: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<unknown> = answer[Symbol.asyncIterator]()
  try {
    for (;;) {
      // Only while it is waited for: a reader who is slow does not make the service silent.
      const next = await unlessSilent(chunks.next(), answer, silenceMs, place)
      if (next.done === true) return
      if (!(next.value instanceof Uint8Array))
        throw new SeamError('INTERNAL', 'The body came as something else than bytes.')
      yield next.value
    }
  } catch (error) {
    throw transportError(error, place, signal)
  } finally {
    answer.destroy()
  }
}

interface Connections {
  readonly request: typeof request
  readonly agent: Agent
}

/** Not imported: an import loads all that a module exports, of `node:http` a WebSocket client too, in 30 ms. */
function connections(isTls: boolean): Connections {
  const http = process.getBuiltinModule(isTls ? 'node:https' : 'node:http')
  return { request: http.request, agent: new http.Agent({ keepAlive: true }) }
}

/** HTTP over a unix socket or TCP. Does no I/O before the first `send`. */
export function transport(options: ClientOptions): Transport {
  const { target, isTls, prefix, place, token } = toAddress(options)
  let kept: Connections | undefined
  return {
    place,
    async send({ method, path, body, contentType, accept, signal, silenceMs = options.silenceMs ?? 120_000 }) {
      try {
        signal?.throwIfAborted()
        kept ??= connections(isTls)
        const sent = kept.request({
          ...target,
          agent: kept.agent,
          path: prefix + path,
          method,
          headers: {
            accept,
            ...(contentType !== undefined && { 'content-type': contentType }),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
          ...(signal !== undefined && { signal }),
        })
        const answered = new Promise<IncomingMessage>((resolve, reject) => {
          sent.once('response', resolve)
          // It may fail again once there is an answer, which then fails too.
          sent.on('error', reject)
        })
        sent.end(body)
        const answer = await unlessSilent(answered, sent, silenceMs, place)
        return {
          status: answer.statusCode ?? 0,
          header: (name) => firstHeader(answer.headers[name]),
          body: bodyOf(answer, silenceMs, place, signal),
        }
      } catch (error) {
        throw transportError(error, place, signal)
      }
    },
    close: async () => kept?.agent.destroy(),
  }
}
