import { SeamError, systemCode, toSeamError } from '@seamark/kit'
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
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

function toAddress(options: ClientOptions): { origin: string; prefix: string; place: string; token?: string } {
  if ('socketPath' in options) return { origin: 'http://localhost', prefix: '', place: options.socketPath }
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
    origin: url.origin,
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
  if (signal?.aborted === true) return new SeamError('ABORTED', 'Stopped on request.', { cause: error })
  const code = systemCode(error) ?? ''
  if (code === 'EACCES' || code === 'EPERM')
    return new SeamError('FORBIDDEN', `This user may not open ${place}.`, {
      remedy: 'Run as the user that started the service.',
      cause: error,
    })
  if (/^UND_ERR_(HEADERS|BODY|CONNECT)_TIMEOUT$/.test(code))
    return new SeamError('TIMEOUT', `The service at ${place} was silent for too long.`, { cause: error })
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return new SeamError('UNAVAILABLE', `No service answers at ${place}.`, {
      remedy: 'Start it with: seamark serve',
      cause: error,
    })
  if (code !== '')
    return new SeamError('UNAVAILABLE', `The connection to ${place} was lost (${code}).`, { cause: error })
  return toSeamError(error)
}

async function* bodyOf(
  body: Dispatcher.ResponseData['body'],
  place: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      if (!(chunk instanceof Uint8Array)) throw new SeamError('INTERNAL', 'The body came as something else than bytes.')
      yield chunk
    }
  } catch (error) {
    throw transportError(error, place, signal)
  }
}

/** HTTP over a unix socket or TCP. Does no I/O before the first `send`. */
export function transport(options: ClientOptions): Transport {
  const { origin, prefix, place, token } = toAddress(options)
  const silenceMs = options.silenceMs ?? 120_000
  const agent = new Agent({
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    ...('socketPath' in options && { connect: { socketPath: options.socketPath } }),
  })
  return {
    place,
    async send({ method, path, body, contentType, accept, signal, silenceMs: silence }) {
      try {
        const answer = await agent.request({
          origin,
          path: prefix + path,
          method,
          headers: {
            accept,
            ...(contentType !== undefined && { 'content-type': contentType }),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
          ...(body !== undefined && { body }),
          ...(signal !== undefined && { signal }),
          ...(silence !== undefined && { headersTimeout: silence, bodyTimeout: silence }),
        })
        return {
          status: answer.statusCode,
          header: (name) => firstHeader(answer.headers[name]),
          body: bodyOf(answer.body, place, signal),
        }
      } catch (error) {
        throw transportError(error, place, signal)
      }
    },
    close: () => agent.destroy(),
  }
}
