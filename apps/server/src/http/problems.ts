import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SecretMemory } from '@seamark/kit'
import { SeamError, isSeamError, systemCode, toSeamError } from '@seamark/kit'
import { httpStatus, PROBLEM_MEDIA_TYPE, REQUEST_ID_HEADER, ROUTES, toProblemDocument } from '@seamark/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** An error as it leaves: an RFC 9457 problem document with the request's id. */
function sendProblem(error: SeamError, request: FastifyRequest, reply: FastifyReply): void {
  if (error.retryAfterMs !== undefined) void reply.header('retry-after', Math.ceil(error.retryAfterMs / 1_000))
  void reply
    .code(httpStatus(error))
    .type(PROBLEM_MEDIA_TYPE)
    // Also here: what the router refuses has not come to the hooks.
    .header(REQUEST_ID_HEADER, request.id)
    .send(JSON.stringify(toProblemDocument(error, request.id)))
}

/**
 * Every error of a route and of the router's table leaves as a problem document, without the secrets of `memory`.
 * Defects are told to `onDefect` too.
 */
export function answerProblems(app: FastifyInstance, onDefect: (error: Error) => void, memory: SecretMemory): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = known(thrown)
    if (error.code === 'INTERNAL') onDefect(thrown instanceof Error ? thrown : error)
    sendProblem(toSeamError(memory.error(error)), request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const methods = methodsOf(path)
    if (methods.length > 0) void reply.header('allow', methods.join(', '))
    const remedy = methods.length > 0 ? `Use ${methods.join(' or ')}.` : 'See the OpenAPI document of /v1.'
    sendProblem(new SeamError('NOT_FOUND', `There is no ${request.method} ${short(path)}.`, { remedy }), request, reply)
  })
  app.server.on('checkExpectation', refuseExpectation)
}

/** What the router refuses before it has a route: an address that can not be decoded, a part of it that is too long. */
export function routerProblem(thrown: Error, request: FastifyRequest, reply: FastifyReply): void {
  const tooLong = systemCode(thrown) === 'FST_ERR_MAX_PARAM_LENGTH'
  const [what, remedy] = tooLong
    ? ['has a part that is longer than any id', 'Write ids as they were given.']
    : ['is not encoded as an address is', 'Write other characters as %XX of their UTF-8 bytes.']
  sendProblem(new SeamError('INVALID_INPUT', `The address ${short(request.url)} ${what}.`, { remedy }), request, reply)
}

const refusals: ReadonlyMap<string, SeamError> = new Map([
  [
    'HPE_HEADER_OVERFLOW',
    new SeamError('LIMIT_EXCEEDED', 'The address and headers are longer than 16 KiB.', {
      remedy: 'Send less in them.',
    }),
  ],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    new SeamError('TIMEOUT', 'The headers of the request took too long.', { remedy: 'Send them at once.' }),
  ],
])

const unreadable = new SeamError('INVALID_INPUT', 'This is no HTTP request that can be read.', {
  remedy: 'Speak HTTP/1.1; @seamark/sdk does.',
})

/** What never became a request: answered on the bare connection, which is then closed. */
export function connectionProblem(thrown: Error, socket: Socket): void {
  const code = systemCode(thrown) ?? ''
  // Whoever has gone hears nothing.
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const error = refusals.get(code) ?? unreadable
  const id = randomUUID()
  const body = JSON.stringify(toProblemDocument(error, id))
  const status = httpStatus(error)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `content-type: ${PROBLEM_MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID_HEADER}: ${id}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const said = short(request.headers.expect ?? '')
  const error = new SeamError('INVALID_INPUT', `This service does not meet the expectation ${said}.`, {
    remedy: 'Leave out the header expect.',
  })
  const id = randomUUID()
  response
    .writeHead(httpStatus(error), { 'content-type': PROBLEM_MEDIA_TYPE, [REQUEST_ID_HEADER]: id, connection: 'close' })
    .end(JSON.stringify(toProblemDocument(error, id)))
}

/** Fastify's own refusals have a status; below 500 it is the client's input. */
function known(error: unknown): SeamError {
  if (isSeamError(error) || !(error instanceof Error) || !('statusCode' in error)) return toSeamError(error)
  const status = error.statusCode
  if (status === 413)
    return new SeamError('LIMIT_EXCEEDED', 'The body is too large.', {
      remedy: 'A plan may have 65 MiB, other bodies 1 MiB.',
      cause: error,
    })
  if (status === 415)
    return new SeamError('INVALID_INPUT', 'The content type can not be read.', {
      remedy: 'Write it as in the OpenAPI document of /v1.',
      cause: error,
    })
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new SeamError('INVALID_INPUT', error.message, { cause: error })
  return toSeamError(error)
}

/** The methods that there are at a path. */
function methodsOf(path: string): readonly string[] {
  const routes = Object.values<Pick<(typeof ROUTES)['run'], 'method' | 'path'>>({ ...ROUTES }).filter((route) =>
    new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  return [...new Set(routes.map(({ method }) => method))]
}

function short(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`
}
