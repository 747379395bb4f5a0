import type { ErrorCode } from '@seamark/core'
import { ERRORS, SeamError, toSeamError } from '@seamark/kit'
import type { RefusalReason } from './options.ts'

const REFUSALS: Readonly<
  Record<
    RefusalReason,
    { readonly code: ErrorCode; readonly status?: number; readonly message: string; readonly remedy: string }
  >
> = {
  'not-listed': {
    code: 'FORBIDDEN',
    message: 'The policy of this attempt does not list that host and port.',
    remedy: 'Have a rule added to network.allow.',
  },
  method: {
    code: 'FORBIDDEN',
    message: 'The policy does not allow that method there.',
    remedy: 'Have it added to methods of the rule.',
  },
  path: {
    code: 'FORBIDDEN',
    message: 'The policy does not allow that path there.',
    remedy: 'Have it added to paths of the rule.',
  },
  'ambiguous-path': {
    code: 'INVALID_INPUT',
    message: 'The path can be read in more than one way.',
    remedy: 'Send it without empty or dot segments and without encoded slashes, dots and percent signs.',
  },
  'wrong-mode': {
    code: 'FORBIDDEN',
    message: 'The policy lists that host for another way out.',
    remedy: 'Use the base URL of the gateway for mode endpoint, and the proxy for intercept and tunnel.',
  },
  address: {
    code: 'FORBIDDEN',
    message: 'The host leads to addresses that are not public.',
    remedy: 'Have the deployment grant the private range, if it is meant to be reached.',
  },
  'no-address': { code: 'UNAVAILABLE', message: 'The name could not be resolved.', remedy: 'Try again later.' },
  'server-name': {
    code: 'FORBIDDEN',
    message: 'The server name of TLS is not the host of the tunnel.',
    remedy: 'Send the host as the server name.',
  },
  'no-client-hello': {
    code: 'FORBIDDEN',
    message: 'Only TLS may pass here, and this did not begin with a ClientHello.',
    remedy: 'Speak TLS.',
  },
  'encrypted-server-name': {
    code: 'UNSUPPORTED',
    message: 'An encrypted ClientHello hides the server name.',
    remedy: 'Turn it off in the client.',
  },
  malformed: {
    code: 'INVALID_INPUT',
    message: 'That is not a well-formed request.',
    remedy: 'Send HTTP/1.1 as RFC 9112 says.',
  },
  authority: {
    code: 'INVALID_INPUT',
    message: 'The request names its host not at all, in more than one way, or not as a plain host and port.',
    remedy: 'Send one Host, equal to the host of the connection, in ASCII.',
  },
  http2: { code: 'UNSUPPORTED', message: 'HTTP/2 is refused here.', remedy: 'Use HTTP/1.1.' },
  upgrade: {
    code: 'UNSUPPORTED',
    message: 'Upgrades of the protocol, WebSocket among them, are refused here.',
    remedy: 'Use plain HTTP/1.1.',
  },
  'plain-http': {
    code: 'UNSUPPORTED',
    message: 'Requests to other hosts leave by CONNECT, never as plain HTTP.',
    remedy: 'Use https, or the base URL of the gateway.',
  },
  pipelining: {
    code: 'UNSUPPORTED',
    message: 'A request came before the answer to the one before it.',
    remedy: 'Wait for the answer, or use another connection.',
  },
  'too-large': {
    code: 'LIMIT_EXCEEDED',
    status: 413,
    message: 'The request, or its answer, is over a limit of size.',
    remedy: 'Send less, or ask for less.',
  },
  'too-slow': {
    code: 'TIMEOUT',
    status: 408,
    message: 'The request came too slowly, or its answer was not taken.',
    remedy: 'Send and read faster.',
  },
  'too-many-connections': {
    code: 'LIMIT_EXCEEDED',
    message: 'There are too many connections.',
    remedy: 'Close some.',
  },
  'too-many-decisions': {
    code: 'LIMIT_EXCEEDED',
    message: 'This attempt has asked for more different things than are recorded and counted (maxDecisions).',
    remedy: 'Have the deployment raise egress.limits.maxDecisions.',
  },
  secret: {
    code: 'UNAVAILABLE',
    message: 'The credential for that host can not be had.',
    remedy: 'Ask the operator.',
  },
  payload: {
    code: 'UNSUPPORTED',
    message: 'The body can not be signed as it is sent.',
    remedy: 'Send it in one piece, or with its SHA-256 in x-amz-content-sha256; or have payload: unsigned configured.',
  },
  'copy-source': {
    code: 'FORBIDDEN',
    message: 'The request takes from another path, which is compared with no rule.',
    remedy: 'Read there and write here, in two requests.',
  },
  budget: {
    code: 'LIMIT_EXCEEDED',
    message: 'A budget has no room for that call.',
    remedy: 'Ask for less, or have the budget raised.',
  },
  unmetered: {
    code: 'UNSUPPORTED',
    message: 'What that call can cost is not known, and it has to be.',
    remedy: 'Use an API that the meter reads and a model that has a price.',
  },
  reservation: {
    code: 'UNAVAILABLE',
    message: 'What that call can cost could not be reserved, so nothing was sent.',
    remedy: 'Try again later.',
  },
  'too-many-bodies': {
    code: 'LIMIT_EXCEEDED',
    message: 'The calls of this attempt that are being read are too large together.',
    remedy: 'Make fewer at one time.',
  },
}

/** A refusal as the program sees it, with the reason that goes into the decision. */
export interface Refusal {
  readonly reason: RefusalReason
  readonly code: ErrorCode
}

export function refusal(reason: Refusal['reason']): Refusal {
  return { reason, code: REFUSALS[reason].code }
}

/** A refusal as an error. */
export function refusalError(reason: Refusal['reason']): SeamError {
  const { code, message, remedy } = REFUSALS[reason]
  return new SeamError(code, message, { remedy })
}

export interface ProblemAnswer {
  readonly status: number
  /** Raw headers. */
  readonly headers: readonly string[]
  readonly body: string
}

function answer(code: ErrorCode, status: number, detail: string, remedy: string | undefined): ProblemAnswer {
  const body = JSON.stringify({
    type: 'about:blank',
    title: ERRORS[code].title,
    status,
    code,
    detail,
    ...(remedy !== undefined && { remedy }),
  })
  const length = String(Buffer.byteLength(body))
  const headers = ['content-type', 'application/problem+json', 'content-length', length, 'cache-control', 'no-store']
  return { status, headers, body }
}

/** A refusal as a problem document (RFC 9457). */
export function refusalAnswer(reason: Refusal['reason']): ProblemAnswer {
  const { code, status, message, remedy } = REFUSALS[reason]
  return answer(code, status ?? ERRORS[code].http, message, remedy)
}

/** An error as a problem document. Of what is not a `SeamError` only its code is told. */
export function errorAnswer(error: unknown): ProblemAnswer {
  const { code, message, problems } = toSeamError(error)
  const detail = code === 'INTERNAL' ? 'The gateway failed.' : message
  return answer(code, ERRORS[code].http, detail, problems[0]?.remedy)
}

/** A problem document as the bytes of an answer that ends its connection. */
export function rawAnswer({ status, headers, body }: ProblemAnswer): string {
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []))
  return [`HTTP/1.1 ${status} Refused`, ...lines, 'connection: close', '', body].join('\r\n')
}
