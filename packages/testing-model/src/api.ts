import { chatEvents, chatJson } from './chat/answer.ts'
import { chatFaults } from './chat/check.ts'
import { chatBody } from './chat/request.ts'
import { chatView } from './chat/view.ts'
import { badRequest } from './fault.ts'
import type { Fault } from './fault.ts'
import { isObject } from './json.ts'
import { messagesEvents, messagesJson } from './messages/answer.ts'
import { messagesFaults } from './messages/check.ts'
import { countBody, messagesBody } from './messages/request.ts'
import { messagesView } from './messages/view.ts'
import type { Reply } from './reply.ts'
import type { RequestView } from './request-view.ts'
import {
  failedResponse,
  numbered,
  outputOf,
  responsesEvents,
  responsesJson,
  responsesOpening,
} from './responses/answer.ts'
import { responsesFaults } from './responses/check.ts'
import { responsesBody } from './responses/request.ts'
import type { Item } from './responses/request.ts'
import { responsesView } from './responses/view.ts'
import type { ModelApiName, StreamSpec } from './script.ts'
import { anthropicShape, openAiShape } from './shape.ts'
import type { SseEvent } from './sse.ts'
import type { StoredResponses } from './stored-responses.ts'

/** A request that has the shape of its API. */
export interface ReadRequest {
  readonly view: RequestView
  /** What the API would refuse in it. */
  readonly faults: readonly Fault[]
  json(reply: Reply): object
  events(reply: Reply, stream: StreamSpec): readonly SseEvent[]
  /** A stream that ends with an error. `body` is that of the error as an answer of its own. */
  failing(reply: Reply, body: object): readonly SseEvent[]
  /** Keeps the answer for requests that name it. */
  keep(reply: Reply): void
}

export type Reading = { readonly request: ReadRequest } | { readonly faults: readonly Fault[] }

export interface ReadOptions {
  /** Only the input is to be counted. */
  readonly counts: boolean
  /** Messages of one role after each other are one. */
  readonly combine: boolean
  /** `anthropic-version`. */
  readonly version: string
  readonly stored: StoredResponses
}

const nothing = (): void => undefined

function readMessages(value: unknown, { counts, combine, version }: ReadOptions): Reading {
  const parsed = (counts ? countBody : messagesBody).safeParse(value)
  if (!parsed.success) return { faults: anthropicShape(parsed.error.issues, value) }
  const body = parsed.data
  const faults = messagesFaults(body, { combine, counts, version })
  // The view reads blocks, so they have to have their shape.
  if (faults.some(({ check }) => check === 'shape')) return { faults }
  return {
    request: {
      view: messagesView(body),
      faults,
      json: messagesJson,
      events: messagesEvents,
      failing: (reply, error) => [
        ...messagesEvents(reply, { ping: false }).slice(0, 1),
        { event: 'error', data: error },
      ],
      keep: nothing,
    },
  }
}

const errorOf = (body: object): Readonly<Record<string, unknown>> =>
  'error' in body && isObject(body.error) ? body.error : {}

function readResponses(value: unknown, { stored }: ReadOptions): Reading {
  const parsed = responsesBody.safeParse(value)
  if (!parsed.success) return { faults: openAiShape(parsed.error.issues, value) }
  const body = parsed.data
  const previous = body.previous_response_id ?? undefined
  const before: readonly Item[] | undefined = previous === undefined ? [] : stored.find(previous)
  if (before === undefined) {
    const message = `Previous response with id '${String(previous).slice(0, 100).toWellFormed()}' not found.`
    const path = ['previous_response_id']
    return { faults: [badRequest('previous-response', message, path, 'previous_response_not_found')] }
  }
  const faults = responsesFaults(body, before)
  if (faults.some(({ check }) => check === 'shape')) return { faults }
  return {
    request: {
      view: responsesView(body, before),
      faults,
      json: (reply) => responsesJson(reply, body),
      events: (reply, stream) => responsesEvents(reply, body, stream),
      failing: (reply, error) => {
        const { code, message } = errorOf(error)
        return numbered([...responsesOpening(reply, body), failedResponse(reply, body, { code, message })])
      },
      keep(reply) {
        if (body.store !== false) stored.keep(`resp_${reply.id}`, [...before, ...body.input, ...outputOf(reply)])
      },
    },
  }
}

function readChat(value: unknown): Reading {
  const parsed = chatBody.safeParse(value)
  if (!parsed.success) return { faults: openAiShape(parsed.error.issues, value) }
  const body = parsed.data
  return {
    request: {
      view: chatView(body),
      faults: chatFaults(body),
      json: chatJson,
      events: (reply, stream) => chatEvents(reply, body, stream),
      failing: (reply, error) => [...chatEvents(reply, body, {}).slice(0, 1), { data: error }],
      keep: nothing,
    },
  }
}

/** Reads a body as its API would. */
export function readRequest(api: ModelApiName, value: unknown, options: ReadOptions): Reading {
  switch (api) {
    case 'anthropic.messages':
      return readMessages(value, options)
    case 'openai.responses':
      return readResponses(value, options)
    case 'openai.chat':
      return readChat(value)
  }
}
