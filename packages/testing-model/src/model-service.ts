import type { TokenCounts } from '@seamark/core'
import { brokenAnswer, failureAnswer, jsonAnswer, streamAnswer } from './answer.ts'
import type { Answer } from './answer.ts'
import { readRequest } from './api.ts'
import type { ReadRequest } from './api.ts'
import { conversations } from './conversations.ts'
import type { Conversation } from './conversations.ts'
import { matches, mismatches } from './expectation.ts'
import { failureOf, refusal } from './failures.ts'
import type { Failure } from './failures.ts'
import { badRequest } from './fault.ts'
import type { Fault } from './fault.ts'
import { headerFaults } from './headers.ts'
import type { Delivered, ReceivedRequest } from './http-endpoint.ts'
import { fromPlatform, platformFailure } from './platform.ts'
import type { Platform } from './platform.ts'
import type { ModelProblem } from './problem.ts'
import { readBody } from './read-body.ts'
import { madeUpId, partsOf, replyOf } from './reply.ts'
import type { RequestView } from './request-view.ts'
import { routeOf } from './route.ts'
import type { Route } from './route.ts'
import type { ModelApiName, ModelScript, Reaction } from './script.ts'
import { storedResponses } from './stored-responses.ts'

/** One request that came, and how it was answered. Never what was in it. */
export interface ModelCall {
  /** From 1, over all conversations. */
  readonly request: number
  readonly conversation: string
  /** As the request named it, without conversation and query. */
  readonly path: string
  readonly api: ModelApiName
  /** What answered: a turn, an aside, a count, a list of models, a path that is ignored, the limit of the context, or a refusal. */
  readonly by: 'turn' | 'aside' | 'count' | 'models' | 'ignored' | 'context' | 'refusal'
  /** The index of the turn, from 0. */
  readonly turn?: number
  /** The name of the aside. */
  readonly aside?: string
  readonly status: number
  readonly model?: string
  readonly stream?: boolean
  /** How hard the model is to think, where the request says it in the API's word. */
  readonly effort?: string
  /** The names of the tools that were offered. */
  readonly tools?: readonly string[]
  /** Of the input by the rule, whatever the script says was used. */
  readonly inputTokens?: number
  /** What the answer says was used. */
  readonly usage?: TokenCounts
  /** How it went over; `undefined` while it does. */
  readonly delivered?: Delivered
}

export interface ModelService {
  readonly calls: readonly ModelCall[]
  readonly problems: readonly ModelProblem[]
  /** The problems so far, which are forgotten. */
  takeProblems(): readonly ModelProblem[]
  /** What is wrong once no request comes any more. */
  unused(): readonly ModelProblem[]
  handle(request: ReceivedRequest): { readonly answer: Answer; readonly delivered: (how: Delivered) => void }
}

/** Where programs look for services of a host that are no model API. */
const OTHER_SERVICES = ['/', '/api/*']

type Done = Pick<ModelCall, 'by' | 'turn' | 'aside' | 'usage'> & { readonly answer: Answer }

/** The answers of a script to one request after the other. It does no I/O. `now` is in epoch milliseconds. */
export function modelService(script: ModelScript, now: () => number): ModelService {
  const talks = conversations(script)
  const stored = storedResponses()
  const calls: ModelCall[] = []
  const problems: ModelProblem[] = []
  const ignored = [...OTHER_SERVICES, ...(script.ignorePaths ?? [])]

  function models(route: Route, headers: Readonly<Record<string, string>>): Answer {
    const names = script.models ?? []
    const entry = (id: string): object =>
      route.api === 'anthropic.messages'
        ? { type: 'model', id, display_name: id, created_at: '2025-01-01T00:00:00Z' }
        : { id, object: 'model', created: 1_735_689_600, owned_by: 'seamark' }
    if (route.model !== undefined) return jsonAnswer(200, headers, entry(route.model))
    const data = names.map(entry)
    const ends = { first_id: names[0] ?? null, last_id: names.at(-1) ?? null }
    return jsonAnswer(
      200,
      headers,
      route.api === 'anthropic.messages' ? { data, has_more: false, ...ends } : { object: 'list', data },
    )
  }

  function react(
    reaction: Reaction,
    request: ReadRequest,
    id: string,
    headers: Readonly<Record<string, string>>,
    platform: Platform | undefined,
  ): Omit<Done, 'by'> {
    const { view } = request
    const framed = platform?.name === 'bedrock'
    const stream = { ...script.stream, ...reaction.stream, ...(framed && { ping: false }) }
    const time = now()
    const all = { ...headers, ...reaction.headers }
    if ('answer' in reaction) {
      const reply = replyOf(reaction, view, { id, now: time })
      request.keep(reply)
      const answer = view.stream
        ? streamAnswer(all, request.events(reply, stream), stream, framed)
        : jsonAnswer(200, all, request.json(reply), stream)
      return { answer, usage: reply.usage }
    }
    const { kind, inStream } = reaction.error
    if (kind === 'reset' || kind === 'hang' || kind === 'bad-gateway')
      return { answer: brokenAnswer(kind, all, stream) }
    const failure = failureOf(kind, reaction.error, { ...contextOf(view), now: time, requestId: requestIdOf(headers) })
    if (inStream !== true || !view.stream) return { answer: failureAnswer(onPlatform(platform, failure), all, stream) }
    const reply = replyOf({ answer: '' }, view, { id, now: time })
    return { answer: streamAnswer(all, request.failing(reply, failure.body), stream, framed) }
  }

  function contextOf(view: RequestView): {
    api: ModelApiName
    model: string
    inputTokens: number
    contextTokens?: number
  } {
    const { api, model, inputTokens } = view
    const { contextTokens } = script
    return { api, model, inputTokens, ...(contextTokens !== undefined && { contextTokens }) }
  }

  function modelFault({ api, model }: Pick<RequestView, 'api' | 'model'>): Fault | undefined {
    if (script.models === undefined || script.models.includes(model)) return undefined
    const context = { api, model, inputTokens: 0, now: 0, requestId: '' }
    const { status, body } = failureOf('unknown-model', { kind: 'unknown-model' }, context)
    const message = 'error' in body && typeof body.error === 'object' && body.error !== null ? body.error : {}
    const text = 'message' in message ? String(message.message) : ''
    return { check: 'model', status, message: text, path: ['model'], code: 'model_not_found' }
  }

  /** What is wrong with a request, or what answers it. */
  function decide(
    received: ReceivedRequest,
    route: Route,
    talk: Conversation,
    headers: Readonly<Record<string, string>>,
    see: (view: RequestView) => void,
  ): { readonly faults: readonly Fault[] } | { readonly done: Done } {
    const { action, api, platform } = route
    const asks = action === 'answer' || action === 'count'
    const wrong = headerFaults(api, received.headers, { keys: script.keys, body: asks, platform })
    if (!asks) {
      if (wrong.length > 0) return { faults: wrong }
      const unknown = route.model === undefined ? undefined : modelFault({ api, model: route.model })
      return unknown === undefined ? { done: { by: 'models', answer: models(route, headers) } } : { faults: [unknown] }
    }
    const body = readBody(received)
    if ('fault' in body) return { faults: [...wrong, body.fault] }
    const counts = action === 'count'
    const { value, faults: refusedThere } =
      platform === undefined ? { value: body.value, faults: [] } : fromPlatform(platform, body.value)
    const reading = readRequest(api, value, {
      counts,
      combine: script.alternation === 'combined',
      version: platform === undefined ? (received.headers['anthropic-version'] ?? '') : '',
      stored,
    })
    if (!('request' in reading)) return { faults: [...wrong, ...refusedThere, ...reading.faults] }
    const { request } = reading
    const { view } = request
    see(view)
    const unknown = modelFault(view)
    const faults = [...wrong, ...refusedThere, ...request.faults, ...(unknown === undefined ? [] : [unknown])]
    if (faults.length > 0) return { faults }
    if (counts) {
      const object = api === 'openai.responses' ? { object: 'response.input_tokens' } : {}
      return { done: { by: 'count', answer: jsonAnswer(200, headers, { ...object, input_tokens: view.inputTokens }) } }
    }
    if (script.contextTokens !== undefined && view.inputTokens > script.contextTokens) {
      const error = { kind: 'context-length' } as const
      const failure = failureOf(error.kind, error, { ...contextOf(view), now: now(), requestId: requestIdOf(headers) })
      return { done: { by: 'context', answer: failureAnswer(onPlatform(platform, failure), headers) } }
    }
    const id = (): string => madeUpId(talk.name, talk.count())
    const aside = (script.asides ?? []).find(({ when }) => mismatches(when, view).length === 0)
    if (aside !== undefined)
      return { done: { by: 'aside', aside: aside.name, ...react(aside, request, id(), headers, platform) } }
    const next = talk.next()
    if (next === undefined) return { faults: [badRequest('turns', 'The script has no turn left for this request.')] }
    const { turn, index } = next
    const missed = mismatches(turn.expect ?? {}, view)
    if (missed.length > 0)
      return {
        faults: missed.map((miss) => badRequest('expectation', `Turn ${index} of the script expects other: ${miss}.`)),
      }
    const unoffered = 'answer' in turn ? notOffered(turn.answer, view) : []
    if (unoffered.length > 0)
      return {
        faults: unoffered.map((tool) =>
          badRequest('tool-offered', `Turn ${index} of the script calls ${tool}, which the request does not offer.`),
        ),
      }
    talk.use()
    return { done: { by: 'turn', turn: index, ...react(turn, request, id(), headers, platform) } }
  }

  return {
    calls,
    problems,
    takeProblems: () => problems.splice(0),
    unused: () => talks.unused(),
    handle(received) {
      const route = routeOf(received.method, received.target, received.headers)
      const { path, api, action } = route
      const conversation = route.conversation ?? 'default'
      const number = calls.length + 1
      const requestId = `req_${madeUpId('request', number)}`
      const headers: Record<string, string> =
        api === 'anthropic.messages'
          ? { 'request-id': requestId }
          : { 'x-request-id': requestId, 'openai-version': '2020-10-01' }
      let seen: RequestView | undefined
      const refused = (faults: readonly Fault[]): Done => {
        for (const { check, message, path: steps = [] } of faults)
          problems.push({ check, message, conversation, request: number, api, pointer: pointerOf(steps) })
        const [first = badRequest('internal', 'Refused.')] = faults
        return {
          by: 'refusal',
          answer: failureAnswer(onPlatform(route.platform, refusal(first, { api, requestId })), headers),
        }
      }
      const safely = (answering: () => Done): Done => {
        try {
          return answering()
        } catch (error) {
          const message = error instanceof Error ? `${error.name}: ${error.message}` : 'not an error'
          return refused([{ check: 'internal', status: 500, message }])
        }
      }
      const answered = (): Done => {
        if (ignored.some((pattern) => matches(pattern, path)))
          return {
            by: 'ignored',
            answer: failureAnswer(
              refusal({ check: 'path', status: 404, message: 'Not found' }, { api, requestId }),
              headers,
            ),
          }
        if (action === 'unknown' || action === 'method') {
          const status = action === 'method' ? 405 : 404
          const message = action === 'method' ? 'Method Not Allowed' : `Not found: ${path.slice(0, 200).toWellFormed()}`
          return refused([{ check: 'path', status, message }])
        }
        const talk = route.conversation === undefined ? undefined : talks.find(route.conversation)
        if (talk === undefined)
          return refused([{ check: 'conversation', status: 404, message: 'The script has no such conversation.' }])
        const decided = decide(received, route, talk, headers, (view) => (seen = view))
        return 'faults' in decided ? refused(decided.faults) : decided.done
      }
      const { answer, ...done } = safely(answered)
      const index = calls.length
      calls.push({
        request: number,
        conversation,
        path,
        api,
        status: answer.status,
        ...done,
        ...(seen !== undefined && {
          model: seen.model,
          stream: seen.stream,
          ...(seen.effort !== undefined && { effort: seen.effort }),
          tools: seen.tools.map(({ name }) => name),
          inputTokens: seen.inputTokens,
        }),
      })
      return {
        answer,
        delivered(how) {
          const call = calls[index]
          if (call !== undefined) calls[index] = { ...call, delivered: how }
        },
      }
    },
  }
}

const onPlatform = (platform: Platform | undefined, failure: Failure): Failure =>
  platform === undefined ? failure : platformFailure(platform, failure)

const requestIdOf = (headers: Readonly<Record<string, string>>): string =>
  headers['request-id'] ?? headers['x-request-id'] ?? ''

const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

function notOffered(answer: Extract<Reaction, { answer: unknown }>['answer'], view: RequestView): readonly string[] {
  return partsOf(answer).flatMap((part) =>
    'tool' in part && part.unoffered !== true && !view.tools.some(({ name }) => name === part.tool) ? [part.tool] : [],
  )
}
