import { hasCode, isSeamError, retry, SeamError } from '@seamark/kit'
import { fromProblemDocument } from '@seamark/protocol/wire'
import type { Route } from '@seamark/protocol/wire'
import type { ClientOptions } from './options.ts'
import type { Transport, WireAnswer } from './transport.ts'

/** Longest JSON document that is taken. */
const maxDocumentBytes = 64 * 1024 * 1024

export interface CallInput<Params, Query, Body> {
  readonly params: Params
  /** As in the address: absent values are left out. */
  readonly query?: { readonly [K in keyof Query]?: Query[K] | undefined }
  readonly body?: Body
  /** The plan's own bytes, for a route whose body is a plan. */
  readonly bytes?: { readonly data: string | Uint8Array; readonly mediaType: string }
  readonly signal?: AbortSignal
  /** Longest silence of this call, instead of the client's; 0 for any. */
  readonly silenceMs?: number
}

async function textOf(answer: WireAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body) {
    size += chunk.byteLength
    if (size > maxDocumentBytes)
      throw new SeamError('INTERNAL', `The service answered with more than ${maxDocumentBytes} bytes of JSON.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON is no document of `/v1`, which the caller finds and tells with the status.
    return undefined
  }
}

function unexpected(route: { readonly id: string }, what: string, place: string): SeamError {
  return new SeamError('INTERNAL', `The answer of ${place} to "${route.id}" ${what}.`, {
    remedy: 'See whether this is a Seamark service, and whether its version fits this client.',
  })
}

/** The error of an answer that is not what was asked for. */
async function errorOf(answer: WireAnswer, route: { readonly id: string }, place: string): Promise<SeamError> {
  const problem = fromProblemDocument(parsed(await textOf(answer)))
  if (problem !== undefined) return problem
  // A proxy before the service speaks for itself, without a problem document.
  if (answer.status === 502 || answer.status === 503 || answer.status === 504)
    return new SeamError('UNAVAILABLE', `The service at ${place} can not be reached (HTTP ${answer.status}).`)
  return unexpected(route, `has status ${answer.status} and is no problem document`, place)
}

function addressOf<Params, Query, Body, Answer>(
  route: Route<Params, Query, Body, Answer>,
  input: CallInput<Params, Query, Body>,
): string {
  const params = route.params.safeParse(input.params)
  const values = new Map(textEntries(input.params))
  if (!params.success) throw notAnId(params.error.issues, values)
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values.get(name) ?? ''))
  const query = new URLSearchParams(textEntries(input.query)).toString()
  return query === '' ? path : `${path}?${query}`
}

/** The ids of an address, each that is wrong once and in words. */
function notAnId(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
  values: ReadonlyMap<string, string>,
): SeamError {
  const problems = issues.map(({ path, message }) => {
    const name = String(path[0] ?? '')
    const said = JSON.stringify((values.get(name) ?? '').slice(0, 80))
    return { code: 'INVALID_INPUT' as const, message: `${said} is no id of ${name}: ${message}.` }
  })
  return new SeamError('INVALID_INPUT', problems[0]?.message ?? 'The address is not valid.', { problems })
}

/** Members that have a value, as they stand in an address. */
function textEntries(object: unknown): [string, string][] {
  if (typeof object !== 'object' || object === null) return []
  return Object.entries(object).flatMap(([name, value]: [string, unknown]): [string, string][] =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[name, String(value)]] : [],
  )
}

/** Whether the same call may be sent again after this error. */
function isPassing(error: unknown): boolean {
  if (!isSeamError(error)) return false
  if (error.code === 'LIMIT_EXCEEDED') return error.retryAfterMs !== undefined
  return error.code === 'UNAVAILABLE'
}

/** Calls again with back-off while the error passes and the route is idempotent. */
export async function persist<T>(
  attempt: () => Promise<T>,
  repeatable: boolean,
  options: ClientOptions,
  signal: AbortSignal | undefined,
): Promise<T> {
  const outcome = await retry(
    async (): Promise<{ readonly value: T } | { readonly failure: unknown }> => {
      try {
        return { value: await attempt() }
      } catch (error) {
        if (repeatable && isPassing(error)) throw error
        return { failure: error }
      }
    },
    {
      attempts: options.attempts ?? 4,
      minDelayMs: options.minDelayMs ?? 50,
      maxDelayMs: 2_000,
      ...(signal !== undefined && { signal }),
    },
  )
  if ('failure' in outcome) throw outcome.failure
  return outcome.value
}

/** Sends once and checks the status; the body is still to be read. */
export async function open<Params, Query, Body, Answer>(
  transport: Transport,
  route: Route<Params, Query, Body, Answer>,
  input: CallInput<Params, Query, Body>,
): Promise<WireAnswer> {
  const accept = { json: 'application/json', ndjson: 'application/x-ndjson', bytes: '*/*' }[route.answer.kind]
  const payload =
    input.bytes !== undefined
      ? { body: input.bytes.data, contentType: input.bytes.mediaType }
      : route.body.kind === 'json'
        ? { body: JSON.stringify(input.body ?? {}), contentType: 'application/json' }
        : {}
  const answer = await transport.send({
    method: route.method,
    path: addressOf(route, input),
    accept: `${accept}, application/problem+json`,
    ...payload,
    ...(input.signal !== undefined && { signal: input.signal }),
    ...(input.silenceMs !== undefined && { silenceMs: input.silenceMs }),
  })
  if (answer.status === route.status) return answer
  throw await errorOf(answer, route, transport.place)
}

/** Calls a route that answers with one JSON document, and checks it. */
export async function call<Params, Query, Body, Answer>(
  transport: Transport,
  options: ClientOptions,
  route: Route<Params, Query, Body, Answer>,
  input: CallInput<Params, Query, Body>,
): Promise<Answer> {
  const { answer } = route
  if (answer.kind !== 'json') throw new SeamError('INTERNAL', `"${route.id}" does not answer with one document.`)
  const attempt = async () => {
    const text = await textOf(await open(transport, route, input))
    const checked = answer.schema.safeParse(parsed(text))
    if (checked.success) return checked.data
    const place = checked.error.issues[0]?.path.join('/') ?? ''
    throw unexpected(route, `is not what /v1 says${place === '' ? '' : ` at ${place}`}`, transport.place)
  }
  const repeatable = route.idempotent || 'run' in { ...input.query }
  return persist(attempt, repeatable, options, input.signal)
}

/** True for an error after which a stream may be asked for again from where it was. */
export function isCut(error: unknown): boolean {
  return hasCode(error, 'UNAVAILABLE') || hasCode(error, 'TIMEOUT')
}
