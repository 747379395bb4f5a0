import { SeamError } from '@seamark/kit'
import { buildCall } from './build-call.ts'
import type { FoundCall } from './build-call.ts'
import type { ModelRequest, RequestOptions, RequestReading } from './call.ts'
import { isObject, readJsonBody } from './json-body.ts'
import { anthropicContent, anthropicThinking, anthropicUnbounded } from './request-anthropic.ts'
import { converseContent, converseThinking, converseUnbounded } from './request-converse.ts'
import { chatFindings, responsesFindings } from './request-openai.ts'
import { generateContent, generateUnbounded, protoField, protoName } from './request-vertex.ts'
import { routeOf } from './route.ts'
import type { Route } from './route.ts'

/** Headers with which a request chooses a dearer service; the values are those that cost no more. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'x-amzn-bedrock-service-tier': ['default', 'flex'],
  'x-amzn-bedrock-performanceconfig-latency': ['standard'],
  'x-amzn-bedrock-guardrailidentifier': [],
  'x-vertex-ai-llm-shared-request-type': ['standard', 'flex'],
}

function unboundedHeaders(request: ModelRequest): readonly string[] {
  return Object.entries(HEADERS)
    .filter(([name, harmless]) => {
      const value = request.headers[name]
      return value !== undefined && !harmless.includes(value)
    })
    .map(([name]) => `header ${name}`)
}

function find(request: ModelRequest, route: Route & { readonly kind: 'call' }): FoundCall {
  const { api } = route
  const body = readJsonBody(request.body, api === 'vertex.generate' ? protoName : undefined)
  const { value } = body
  const base = {
    ...route,
    body,
    model: route.model ?? value['model'],
    stream: route.stream ?? value['stream'] === true,
  }
  const headers = unboundedHeaders(request)
  switch (api) {
    case 'anthropic.messages':
    case 'vertex.anthropic':
    case 'bedrock.invoke': {
      if (api === 'bedrock.invoke' && typeof value['anthropic_version'] !== 'string')
        throw new SeamError('UNSUPPORTED', 'Only bodies for Claude models are metered on InvokeModel.', {
          place: { pointer: '/anthropic_version' },
          remedy: 'Call the model with Converse.',
        })
      const content = anthropicContent(body)
      const unbounded = [...anthropicUnbounded(body), ...(content.unknown ? ['/messages'] : []), ...headers]
      return { ...base, maxTokens: [['max_tokens']], thinking: anthropicThinking(body), content, unbounded }
    }
    case 'openai.responses': {
      const { unbounded, ...found } = responsesFindings(body)
      return { ...base, ...found, maxTokens: [['max_output_tokens']], unbounded: [...unbounded, ...headers] }
    }
    case 'openai.chat': {
      const { unbounded, ...found } = chatFindings(body)
      const maxTokens = [['max_tokens'], ['max_completion_tokens']] as const
      return {
        ...base,
        ...found,
        maxTokens,
        choices: { value: value['n'], pointer: '/n' },
        unbounded: [...unbounded, ...headers],
      }
    }
    case 'bedrock.converse': {
      const unbounded = [...converseUnbounded(body), ...headers]
      return {
        ...base,
        maxTokens: [['inferenceConfig', 'maxTokens']],
        thinking: converseThinking(body),
        content: converseContent(body),
        unbounded,
      }
    }
    case 'vertex.generate': {
      const config = protoField(value, 'generationConfig')
      return {
        ...base,
        maxTokens: [['generationConfig', 'maxOutputTokens']],
        choices: {
          value: isObject(config) ? protoField(config, 'candidateCount') : undefined,
          pointer: '/generationConfig/candidateCount',
        },
        content: generateContent(body),
        unbounded: [...generateUnbounded(body), ...headers],
      }
    }
  }
}

/**
 * What a request asks of a model, and the most it can use. The body to forward has the most tokens of an answer lowered
 * to `maxOutputTokens`, or set where it was not said; what else is changed is in `changes`.
 *
 * Errors: `INVALID_INPUT` (not one JSON object with each key once, no model, a count that is none), `LIMIT_EXCEEDED`
 * (the body is too long or too deep, or has too many parts), `UNSUPPORTED` (a body whose answer cannot be metered).
 */
export function readRequest(request: ModelRequest, options: RequestOptions): RequestReading {
  if (!Number.isSafeInteger(options.maxOutputTokens) || options.maxOutputTokens < 1)
    throw new SeamError('INVALID_INPUT', 'maxOutputTokens is no whole number above 0.')
  const route = routeOf(request, options.hosts)
  if (route.kind !== 'call') return { kind: route.kind }
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    throw new SeamError('UNSUPPORTED', 'A compressed request cannot be metered.', { remedy: 'Send it uncompressed.' })
  return { kind: 'call', call: buildCall(request, find(request, route), options) }
}
