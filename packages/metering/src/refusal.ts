import type { ModelRequest, RequestOptions } from './call.ts'
import { providerOf } from './route.ts'

/** An answer in place of the host's. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Whether the path is one of Claude's on Vertex AI. */
const CLAUDE = /\/publishers\/anthropic\/models\//

/**
 * A refusal as the API itself writes one that is not to be tried again: its client shows the message and gives up, where
 * it would repeat a call that is refused for being too many.
 */
export function refusalOf(
  request: ModelRequest,
  { hosts }: RequestOptions,
  message: string,
  isBudget: boolean,
): Refusal {
  const provider = providerOf(request.host, hosts)
  const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Refusal => ({
    status,
    headers: { 'content-type': 'application/json', 'x-should-retry': 'false', ...headers },
    body: JSON.stringify(body),
  })
  if (provider === 'anthropic' || (provider === 'vertex' && CLAUDE.test(request.path)))
    return json(isBudget ? 402 : 400, {
      type: 'error',
      error: { type: isBudget ? 'billing_error' : 'invalid_request_error', message },
    })
  if (provider === 'bedrock')
    return json(
      400,
      { message },
      { 'x-amzn-errortype': isBudget ? 'ServiceQuotaExceededException' : 'ValidationException' },
    )
  if (provider === 'vertex')
    return json(isBudget ? 403 : 400, {
      error: { code: isBudget ? 403 : 400, message, status: isBudget ? 'PERMISSION_DENIED' : 'INVALID_ARGUMENT' },
    })
  const word = isBudget ? 'insufficient_quota' : 'invalid_request_error'
  return json(isBudget ? 429 : 400, { error: { message, type: word, param: null, code: isBudget ? word : null } })
}
