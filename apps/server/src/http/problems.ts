import { SeamError, isSeamError, toSeamError } from '@seamark/kit'
import { httpStatus, PROBLEM_MEDIA_TYPE, toProblemDocument } from '@seamark/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Every error leaves as an RFC 9457 problem document with the request's id. Defects are told to `onDefect` too. */
export function answerProblems(app: FastifyInstance, onDefect: (error: Error) => void): void {
  function answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = known(thrown)
    if (error.code === 'INTERNAL') onDefect(thrown instanceof Error ? thrown : error)
    if (error.retryAfterMs !== undefined) void reply.header('retry-after', Math.ceil(error.retryAfterMs / 1_000))
    void reply
      .code(httpStatus(error))
      .type(PROBLEM_MEDIA_TYPE)
      .send(JSON.stringify(toProblemDocument(error, request.id)))
  }
  app.setErrorHandler((error, request, reply) => answer(error, request, reply))
  app.setNotFoundHandler((request, reply) =>
    answer(new SeamError('NOT_FOUND', `There is no ${request.method} ${request.url.split('?')[0]}.`), request, reply),
  )
}

/** Fastify's own refusals have a status; below 500 it is the client's input. */
function known(error: unknown): SeamError {
  if (isSeamError(error) || !(error instanceof Error) || !('statusCode' in error)) return toSeamError(error)
  const status = error.statusCode
  if (status === 413) return new SeamError('LIMIT_EXCEEDED', 'The body is too large.', { cause: error })
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new SeamError('INVALID_INPUT', error.message, { cause: error })
  return toSeamError(error)
}
