/**
 * What AWS's clients say when a call fails, as `SeamError`s. Knows no client: only the shape of their errors.
 *
 * @module
 */
import type { ErrorCode, Place } from '@seamark/core'
import { isSeamError, SeamError, systemCode } from './errors.ts'

/** A failed call in one shape. */
export interface AwsFailure {
  /** The service's own code, such as `AccessDenied`; on the way there the system's, such as `ECONNRESET`. Empty where the answer had no body. */
  readonly code: string
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined
  readonly message: string
  readonly retryAfterMs: number | undefined
  /** Header of the answer, by its name in lower case. */
  readonly header: (name: string) => string | undefined
}

/** What was called, for whoever has to allow it. */
export interface AwsCall {
  /** The act and its object: "Storing acme/a". */
  readonly doing: string
  /** The action of IAM, such as `s3:PutObject`. */
  readonly action: string
  /** What it is done to, as the resource of a policy. */
  readonly resource: string
}

// Names that clients make up where an answer has no body.
const madeUp = new Set(['', 'Unknown', 'UnknownError', 'Error', 'NotFound', 'Forbidden', 'BadRequest'])

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Reads an error of a client of AWS. */
export function awsFailure(error: unknown): AwsFailure {
  const status = property(property(error, '$metadata'), 'httpStatusCode')
  const headers = property(property(error, '$response'), 'headers')
  const name = error instanceof Error ? error.name : ''
  const named = madeUp.has(name) || /^\d+$/.test(name) ? '' : name
  const header = (wanted: string): string | undefined => text(property(headers, wanted))
  const seconds = Number(header('retry-after') ?? Number.NaN)
  return {
    code: text(property(error, 'Code')) ?? systemCode(error) ?? named,
    status: typeof status === 'number' ? status : undefined,
    message: error instanceof Error && error.message !== 'UnknownError' ? error.message : '',
    retryAfterMs: seconds >= 0 ? Math.min(seconds, 60) * 1000 : undefined,
    header,
  }
}

const codes = (...names: readonly string[]): ReadonlySet<string> => new Set(names.flatMap((line) => line.split(' ')))

const throttled = codes(
  'SlowDown Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException',
  'TooManyRequestsException RequestLimitExceeded BandwidthLimitExceeded RequestRateTooHigh PriorRequestNotComplete',
)
const skewed = codes('RequestTimeTooSkewed RequestInTheFuture')
/** Codes after which new credentials may help. */
const stale = codes('ExpiredToken ExpiredTokenException TokenRefreshRequired InvalidAccessKeyId')
const unknown = codes(
  ...stale,
  'InvalidToken InvalidClientTokenId UnrecognizedClientException SignatureDoesNotMatch InvalidSignatureException',
  'MissingAuthenticationToken CredentialsProviderError TokenProviderError InvalidSecurity IncompleteSignature',
)
const denied = codes('AccessDenied AccessDeniedException AllAccessDisabled UnauthorizedOperation')
const passing = codes(
  'InternalError InternalFailure ServiceUnavailable ServiceUnavailableException RequestTimeout OperationAborted',
  'ConditionalRequestConflict IncompleteBody BadDigest XAmzContentSHA256Mismatch',
)

/** Whether the request or its answer was lost; an answer may have begun. */
function isOnTheWay({ code, status }: AwsFailure): boolean {
  return status === undefined ? /^[A-Z][A-Z_0-9]+$/.test(code) : /^(?:E[A-Z]+|ERR_\w+|HPE_\w+)$/.test(code)
}

/** What may be kept of an error of a client: the error itself holds the request, with its session token. */
export function awsCause(error: unknown): Error {
  const { code, status, message } = awsFailure(error)
  const requestId = text(property(property(error, '$metadata'), 'requestId'))
  return Object.assign(new Error(message), {
    name: code || 'AwsError',
    ...(status && { status }),
    ...(requestId && { requestId }),
  })
}

/** Whether credentials that are fetched again may be better than those that were refused. */
export function wantsNewCredentials(error: unknown): boolean {
  return stale.has(awsFailure(error).code)
}

/** Whether the answer had no body that says why it failed, as answers to `HEAD` have none. */
export function saysNothing(error: unknown): boolean {
  const { code, status } = awsFailure(error)
  return code === '' && status !== undefined && status < 500
}

/**
 * A failed call as a `SeamError`: `FORBIDDEN` names the action and the line of a policy that allows it;
 * `UNAUTHENTICATED` for credentials that are absent, expired or wrong; `LIMIT_EXCEEDED` for throttling; `UNAVAILABLE`
 * for a clock that is off and for what passes; `TIMEOUT`; otherwise `INVALID_INPUT` with the service's code. A
 * `SeamError` is returned as it is, an abort is `ABORTED`.
 */
export function fromAwsError(error: unknown, call: AwsCall): SeamError {
  if (isSeamError(error)) return error
  const failure = awsFailure(error)
  const { code, status } = failure
  const cause = awsCause(error)
  if (code === 'AbortError' || (error instanceof Error && error.name === 'AbortError'))
    return new SeamError('ABORTED', 'Stopped on request.', { cause })
  const detail = failure.message === '' || failure.message === code ? '' : ` (${failure.message})`
  const made = (as: ErrorCode, why: string, remedy: string, place?: Place): SeamError =>
    new SeamError(as, `${call.doing} failed: ${why}${detail}.`, {
      cause,
      remedy,
      ...(place && { place }),
      ...(failure.retryAfterMs !== undefined && { retryAfterMs: failure.retryAfterMs }),
    })

  if (code === 'TimeoutError' || code === 'ETIMEDOUT')
    return made('TIMEOUT', 'no answer in time', 'Check the network and the endpoint.')
  if (isOnTheWay(failure))
    return made(
      'UNAVAILABLE',
      `the endpoint can not be reached (${code})`,
      'Check the endpoint, the region, and the network.',
    )
  if (skewed.has(code)) {
    const there = Date.parse(failure.header('date') ?? '')
    const off = Number.isNaN(there) ? '' : ` by ${Math.round((Date.now() - there) / 60_000)} minutes`
    return made(
      'UNAVAILABLE',
      `the clock of this machine is off${off} (${code})`,
      'Set the clock, best by NTP; the credentials are not to blame.',
    )
  }
  if (throttled.has(code) || status === 429)
    return made('LIMIT_EXCEEDED', `throttled (${code || status})`, 'Ask less often; it passes by itself.')
  if (unknown.has(code) || status === 401)
    return made(
      'UNAUTHENTICATED',
      `the credentials are not accepted (${code || status})`,
      stale.has(code) ? 'Renew the credentials; they expired or were withdrawn.' : 'Check the credentials.',
    )
  if (denied.has(code) || status === 403) {
    // The service may name another action that this one needs, such as one of the key.
    const action = /not authorized to perform:? ([\w-]+:\w+)/.exec(failure.message)?.[1] ?? call.action
    const resource = action === call.action ? call.resource : '*'
    return made(
      'FORBIDDEN',
      `${action} is not allowed on ${call.resource} (${code || status})`,
      `Allow it: {"Effect":"Allow","Action":"${action}","Resource":"${resource}"}; look for a policy that denies it, too.`,
    )
  }
  if (passing.has(code) || (status !== undefined && status >= 500 && status !== 501))
    return made('UNAVAILABLE', `the service has a problem (${code || status})`, 'Try again later.')
  if (code === 'NotImplemented' || status === 501)
    return made('UNSUPPORTED', `the server does not know this call (${code || status})`, 'Use a server that does.')
  return made('INVALID_INPUT', `the server refuses it (${code || status || 'no reason'})`, 'Check the options.')
}
