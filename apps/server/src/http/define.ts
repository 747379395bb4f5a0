import type { Route } from '@seamark/protocol'
import { colonPath, PLAN_MEDIA_TYPES, PLAN_WITH_VALUES_MEDIA_TYPE, planWithValues } from '@seamark/protocol'
import { SeamError } from '@seamark/kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { PlanText } from '../checked-plan.ts'
import { sendStream } from './stream.ts'

/** A request whose every part was checked against its route. */
export interface Call<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  /** The JSON body. */
  readonly body: () => Body
  /** The plan's own bytes, on the one route that takes a plan. */
  readonly plan: PlanText | undefined
  /** Fires when the client has gone, or the service stops. */
  readonly signal: AbortSignal
}

export interface RouteContext {
  /** Fires when the service stops. */
  readonly stopping: AbortSignal
  /** Called before anything is done for a request to a route with an action, with its parameters. Errors: those of `Authorize`. */
  authorize(
    action: NonNullable<Route<unknown, unknown, unknown, unknown>['action']>,
    parameters: unknown,
  ): Promise<void>
}

export interface StreamAnswer {
  readonly headers?: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array | string>
}

type Handler<P, Q, B, A> = (call: Call<P, Q, B>) => Promise<A>

/** Serves a route that answers with one JSON document. */
export function serveJson<P, Q, B, A>(
  app: FastifyInstance,
  context: RouteContext,
  route: Route<P, Q, B, A>,
  handle: Handler<P, Q, B, A>,
): void {
  register(app, context, route, async (call, reply) => {
    const answer = await handle(call)
    await reply.code(route.status).send(answer)
  })
}

/** Serves a route that answers with bytes or lines. What fails before the first of them is a problem document. */
export function serveStream<P, Q, B, A>(
  app: FastifyInstance,
  context: RouteContext,
  route: Route<P, Q, B, A>,
  handle: Handler<P, Q, B, StreamAnswer>,
): void {
  const mediaType = route.answer.kind === 'bytes' ? route.answer.mediaType : 'application/x-ndjson'
  register(app, context, route, async (call, reply) => {
    const { headers = {}, body } = await handle(call)
    await sendStream(reply.headers({ ...headers }), mediaType, body)
  })
}

function register<P, Q, B, A>(
  app: FastifyInstance,
  context: RouteContext,
  route: Route<P, Q, B, A>,
  answer: (call: Call<P, Q, B>, reply: FastifyReply) => Promise<void>,
): void {
  app.route({
    method: route.method,
    url: colonPath(route.path),
    ...(route.body.kind === 'plan' && { bodyLimit: planBytes }),
    ...(route.body.kind === 'json' && route.body.maxBytes !== undefined && { bodyLimit: route.body.maxBytes }),
    async handler(request, reply) {
      const params = parse(route.params, request.params, 'path')
      requireDecodable(request.url)
      const query = parse(route.query, request.query, 'query')
      // Commands too, though the engine asks again: a plan is not looked at, nor its repository, for who may not submit.
      if (route.action !== undefined) await context.authorize(route.action, { ...query, ...params })
      const body = bodyOf(route, request)
      await answer({ params, query, ...body, signal: goneSignal(reply, context.stopping) }, reply)
      return reply
    },
  })
}

// A plan as JSON may have 64 MiB; what is over is refused by name, not by a closed connection.
const planBytes = 65 * 1024 * 1024

function bodyOf<P, Q, B, A>(route: Route<P, Q, B, A>, request: FastifyRequest): Pick<Call<P, Q, B>, 'body' | 'plan'> {
  const { body: spec } = route
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  if (spec.kind === 'json') {
    const body = parse(spec.schema, bytes.length === 0 ? {} : parseJson(bytes), 'body')
    return { body: () => body, plan: undefined }
  }
  return { body: noBody, plan: spec.kind === 'plan' ? planOf(bytes, request.headers['content-type']) : undefined }
}

function noBody(): never {
  throw new SeamError('INTERNAL', 'This route has no body.')
}

function planOf(bytes: Buffer, header: string | undefined): PlanText {
  const mediaType = (header ?? '').split(';')[0]?.trim().toLowerCase()
  for (const format of ['yaml', 'json'] as const) if (PLAN_MEDIA_TYPES[format] === mediaType) return { bytes, format }
  if (mediaType === PLAN_WITH_VALUES_MEDIA_TYPE) {
    const { plan, format, variables } = parse(planWithValues, parseJson(bytes), 'body')
    return { bytes: Buffer.from(plan), format, variables }
  }
  throw new SeamError('INVALID_INPUT', `A plan can not be sent as ${JSON.stringify(mediaType ?? '')}.`, {
    remedy: `Send it as ${[...Object.values(PLAN_MEDIA_TYPES), PLAN_WITH_VALUES_MEDIA_TYPE].join(' or ')}.`,
  })
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new SeamError('INVALID_INPUT', `The body is no JSON: ${error instanceof Error ? error.message : ''}`)
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, part: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new SeamError('INVALID_INPUT', `The ${part} of the request is not valid.`, {
    problems: parsed.error.issues.map(({ path, message }) => ({
      code: 'INVALID_INPUT' as const,
      message: `${named(path)} ${part} is not valid: ${message}.`,
      place: { pointer: path.map((step) => `/${String(step)}`).join('') },
    })),
  })
}

function named(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'The' : `${JSON.stringify(path.join('/'))} in the`
}

/** A query that is not well encoded would be taken as it stands. */
function requireDecodable(url: string): void {
  const [, query = ''] = url.split(/\?(.*)/s)
  try {
    decodeURIComponent(query)
  } catch (error) {
    throw new SeamError('INVALID_INPUT', 'The query of the request is not encoded as an address is.', {
      remedy: 'Write other characters as %XX of their UTF-8 bytes.',
      cause: error,
    })
  }
}

/** A signal for the time that somebody waits for the answer. */
function goneSignal(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return AbortSignal.any([gone.signal, stopping])
}
