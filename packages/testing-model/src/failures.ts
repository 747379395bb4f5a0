import type { Fault } from './fault.ts'
import { paramOf } from './shape.ts'
import type { ErrorKind, ErrorSpec, ModelApiName } from './script.ts'

/** An error as an API answers it. */
export interface Failure {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
}

/** What an error says about its request. */
export interface FailureContext {
  readonly api: ModelApiName
  readonly model: string
  readonly inputTokens: number
  readonly contextTokens?: number
  /** Epoch milliseconds. */
  readonly now: number
  readonly requestId: string
}

type StatusKind = Exclude<ErrorKind, 'reset' | 'hang' | 'bad-gateway'>

/** `error.type` of the Messages API by status: https://platform.claude.com/docs/en/api/errors. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
}

export function anthropicBody(status: number, message: string, requestId: string): object {
  const type = ANTHROPIC_TYPES[status] ?? 'api_error'
  return { type: 'error', error: { type, message }, request_id: requestId }
}

interface OpenAiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
}

/** What an API answers to a request that is wrong. */
export function refusal(fault: Fault, { api, requestId }: Pick<FailureContext, 'api' | 'requestId'>): Failure {
  const { status, message, path = [], code = null } = fault
  if (api === 'anthropic.messages') return { status, headers: {}, body: anthropicBody(status, message, requestId) }
  const param = path.length > 0 ? paramOf(path) : null
  const error: OpenAiError = { message, type: 'invalid_request_error', param, code }
  return { status, headers: {}, body: { error } }
}

/** RFC 3339, in whole seconds as Anthropic says it. */
const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

function anthropicLimits(now: number, seconds: number): Record<string, string> {
  const reset = instant(now + seconds * 1000)
  const of = (name: string, limit: number): [string, string][] => [
    [`anthropic-ratelimit-${name}-limit`, String(limit)],
    [`anthropic-ratelimit-${name}-remaining`, '0'],
    [`anthropic-ratelimit-${name}-reset`, reset],
  ]
  return {
    'retry-after': String(seconds),
    ...Object.fromEntries([
      ...of('requests', 50),
      ...of('tokens', 50_000),
      ...of('input-tokens', 40_000),
      ...of('output-tokens', 10_000),
    ]),
  }
}

/** A time as OpenAI says it: `1m30s`. */
function span(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds % 60}s`
}

function openAiLimits(seconds: number): Record<string, string> {
  return {
    'retry-after': String(seconds),
    'retry-after-ms': String(seconds * 1000),
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-limit-tokens': '150000',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-remaining-tokens': '0',
    'x-ratelimit-reset-requests': span(seconds),
    'x-ratelimit-reset-tokens': span(seconds),
  }
}

function anthropicFailure(kind: StatusKind, context: FailureContext): { status: number; message: string } {
  const { inputTokens, contextTokens = inputTokens - 1, model } = context
  switch (kind) {
    case 'rate-limit':
      return { status: 429, message: "This request would exceed your organization's rate limit." }
    case 'overloaded':
      return { status: 529, message: 'Overloaded' }
    case 'server-error':
      return { status: 500, message: 'Internal server error' }
    case 'unauthorized':
      return { status: 401, message: 'invalid x-api-key' }
    case 'forbidden':
      return { status: 403, message: 'Your API key does not have permission to use the specified resource.' }
    case 'unknown-model':
      return { status: 404, message: `model: ${model}` }
    case 'context-length':
      return { status: 400, message: `prompt is too long: ${inputTokens} tokens > ${contextTokens} maximum` }
    case 'quota':
      return { status: 400, message: 'Your credit balance is too low to access the Anthropic API.' }
  }
}

function openAiFailure(kind: StatusKind, context: FailureContext): OpenAiError & { readonly status: number } {
  const { api, inputTokens, contextTokens = inputTokens - 1, model } = context
  const request = { type: 'invalid_request_error', param: null }
  switch (kind) {
    case 'rate-limit': {
      const message = `Rate limit reached for ${model} on tokens per min (TPM). Please try again later.`
      return { status: 429, message, type: 'tokens', param: null, code: 'rate_limit_exceeded' }
    }
    case 'overloaded': {
      const message = 'The engine is currently overloaded, please try again later.'
      return { status: 503, message, type: 'server_error', param: null, code: 'server_is_overloaded' }
    }
    case 'server-error': {
      const message = 'The server had an error while processing your request. Sorry about that!'
      return { status: 500, message, type: 'server_error', param: null, code: 'server_error' }
    }
    case 'unauthorized':
      return { status: 401, message: 'Incorrect API key provided.', ...request, code: 'invalid_api_key' }
    case 'forbidden':
      return {
        status: 403,
        message: `Project does not have access to model \`${model}\`.`,
        ...request,
        code: 'model_not_found',
      }
    case 'unknown-model': {
      const message = `The model \`${model}\` does not exist or you do not have access to it.`
      return { status: 404, message, ...request, code: 'model_not_found' }
    }
    case 'context-length': {
      const code = 'context_length_exceeded'
      if (api === 'openai.responses') {
        const message = 'Your input exceeds the context window of this model. Please adjust your input and try again.'
        return { status: 400, message, ...request, param: 'input', code }
      }
      const message = `This model's maximum context length is ${contextTokens} tokens. However, your messages resulted in ${inputTokens} tokens. Please reduce the length of the messages.`
      return { status: 400, message, ...request, param: 'messages', code }
    }
    case 'quota': {
      const message = 'You exceeded your current quota, please check your plan and billing details.'
      return { status: 429, message, type: 'insufficient_quota', param: null, code: 'insufficient_quota' }
    }
  }
}

/** An error that a script asks for, as its API answers it. */
export function failureOf(kind: StatusKind, { retryAfterSeconds }: ErrorSpec, context: FailureContext): Failure {
  const seconds = retryAfterSeconds ?? (kind === 'rate-limit' ? 1 : undefined)
  const again: Record<string, string> = seconds === undefined ? {} : { 'retry-after': String(seconds) }
  if (context.api === 'anthropic.messages') {
    const { status, message } = anthropicFailure(kind, context)
    const headers = kind === 'rate-limit' ? anthropicLimits(context.now, seconds ?? 1) : again
    return { status, headers, body: anthropicBody(status, message, context.requestId) }
  }
  const { status, ...error } = openAiFailure(kind, context)
  return { status, headers: kind === 'rate-limit' ? openAiLimits(seconds ?? 1) : again, body: { error } }
}
