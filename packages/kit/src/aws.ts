/**
 * What AWS's clients say when a call fails, as `SeamError`s. Knows no client: only the shape of their errors.
 *
 * @module
 */
import type { ErrorCode } from '@seamark/core'
import { isSeamError, SeamError, systemCode } from './errors.ts'

/** A failed call in one shape. */
export interface AwsFailure {
  /** The service's own code, such as `AccessDenied`; on the way there the system's, such as `ECONNRESET`. Empty where the answer had no body. */
  readonly code: string
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined
  /** For AWS support. */
  readonly requestId: string | undefined
  /** The service's own words. They can quote the request, and with it a session token. */
  readonly message: string
  /** Whether the clocks of this machine and of the service are further apart than it allows. */
  readonly skewed: boolean
  readonly retryAfterMs: number | undefined
  /** Header of the answer, by its name in lower case. */
  readonly header: (name: string) => string | undefined
}

/** What was called, for whoever has to allow it. */
export interface AwsCall {
  /** The act and its object: "Storing acme/a". */
  readonly doing: string
  /** The action of IAM, such as `s3:PutObject`, or all that it needs. */
  readonly action: string | readonly string[]
  /** What it is done to, as the resource of a policy. */
  readonly resource: string
}

/** What a failure comes to, for any service. */
export type AwsMeaning =
  | 'timeout'
  | 'unreached'
  | 'skewed'
  | 'throttled'
  /** The credentials were good, and may be again when they are fetched anew. */
  | 'stale'
  | 'stranger'
  | 'denied'
  /** A fault of the service that passes. */
  | 'faulty'
  | 'unsupported'
  | 'refused'

// Names that clients make up where an answer has no body.
const madeUp = new Set(['', 'Unknown', 'UnknownError', 'Error', 'NotFound', 'Forbidden', 'BadRequest'])

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Reads an error of a client of AWS. */
export function awsFailure(error: unknown): AwsFailure {
  const metadata = property(error, '$metadata')
  const response = property(error, '$response')
  const status = property(metadata, 'httpStatusCode') ?? property(response, 'statusCode')
  const headers = property(response, 'headers')
  const name = error instanceof Error ? error.name : ''
  const named = madeUp.has(name) || /^\d+$/.test(name) ? '' : name
  const header = (wanted: string): string | undefined => text(property(headers, wanted))
  const seconds = Number(header('retry-after') ?? Number.NaN)
  return {
    code: text(property(error, 'Code')) ?? systemCode(error) ?? systemCode(property(error, 'cause')) ?? named,
    status: typeof status === 'number' ? status : undefined,
    requestId: text(property(metadata, 'requestId')),
    skewed: property(metadata, 'clockSkewCorrected') === true,
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
const skewed = codes('RequestTimeTooSkewed RequestInTheFuture RequestExpired')
/** Codes after which new credentials may help. */
const stale = codes('ExpiredToken ExpiredTokenException TokenRefreshRequired InvalidAccessKeyId')
const strangers = codes(
  'InvalidToken InvalidClientTokenId UnrecognizedClientException SignatureDoesNotMatch InvalidSignatureException',
  'MissingAuthenticationToken MissingAuthenticationTokenException IncompleteSignature IncompleteSignatureException',
  'CredentialsProviderError TokenProviderError InvalidSecurity',
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

/** What a failure comes to; of several that fit, the first of `AwsMeaning`. */
export function awsMeaning(failure: AwsFailure): AwsMeaning {
  const { code, status } = failure
  if (code === 'TimeoutError' || code === 'ETIMEDOUT') return 'timeout'
  if (isOnTheWay(failure)) return 'unreached'
  if (failure.skewed || skewed.has(code)) return 'skewed'
  if (throttled.has(code) || status === 429) return 'throttled'
  if (stale.has(code)) return 'stale'
  if (strangers.has(code) || status === 401) return 'stranger'
  if (denied.has(code) || status === 403) return 'denied'
  if (passing.has(code) || (status !== undefined && status >= 500 && status !== 501)) return 'faulty'
  if (code === 'NotImplemented' || status === 501) return 'unsupported'
  return 'refused'
}

/**
 * What may be kept of an error of a client: the error itself holds the request, with its session token, and the service's
 * own words may quote it.
 */
export function awsCause(error: unknown): Error {
  const { code, status, requestId } = awsFailure(error)
  return Object.assign(new Error(status === undefined ? code : `${code} (HTTP ${status})`), {
    name: code || 'AwsError',
    ...(status && { status }),
    ...(requestId && { requestId }),
  })
}

/** Whether credentials that are fetched again may be better than those that were refused. */
export function wantsNewCredentials(error: unknown): boolean {
  return awsMeaning(awsFailure(error)) === 'stale'
}

/** Whether the answer had no body that says why it failed, as answers to `HEAD` have none. */
export function saysNothing(error: unknown): boolean {
  const { code, status } = awsFailure(error)
  return code === '' && status !== undefined && status < 500
}

/**
 * A failed call as a `SeamError`: `FORBIDDEN` names the action and the line of a policy that allows it;
 * `UNAUTHENTICATED` for credentials that are absent, expired or wrong; `LIMIT_EXCEEDED` for throttling; `UNAVAILABLE`
 * for a clock that is off and for what passes; `TIMEOUT`; otherwise `INVALID_INPUT`. Names the service's code and the id
 * of the request, never its words. A `SeamError` is returned as it is, an abort is `ABORTED`.
 */
export function fromAwsError(error: unknown, call: AwsCall): SeamError {
  if (isSeamError(error)) return error
  const failure = awsFailure(error)
  const { requestId, message } = failure
  const cause = awsCause(error)
  if (failure.code === 'AbortError' || (error instanceof Error && error.name === 'AbortError'))
    return new SeamError('ABORTED', 'Stopped on request.', { cause })
  const code = failure.code || failure.status
  const reference = requestId === undefined ? '' : `, request ${requestId}`
  const made = (as: ErrorCode, why: string, remedy: string): SeamError =>
    new SeamError(as, `${call.doing} failed: ${why} (${code ?? 'no reason'}${reference}).`, {
      cause,
      remedy,
      ...(failure.retryAfterMs !== undefined && { retryAfterMs: failure.retryAfterMs }),
    })

  switch (awsMeaning(failure)) {
    case 'timeout':
      return made('TIMEOUT', 'no answer in time', 'Check the network and the endpoint.')
    case 'unreached':
      return made('UNAVAILABLE', 'the endpoint can not be reached', 'Check the endpoint, the region, and the network.')
    case 'skewed': {
      const there = Date.parse(failure.header('date') ?? '')
      const off = Number.isNaN(there) ? '' : ` by ${Math.round((Date.now() - there) / 60_000)} minutes`
      return made(
        'UNAVAILABLE',
        `the clock of this machine is off${off}`,
        'Set the clock, best by NTP; the credentials are not to blame.',
      )
    }
    case 'throttled':
      return made('LIMIT_EXCEEDED', 'throttled', 'Ask less often; it passes by itself.')
    case 'stale':
      return made(
        'UNAUTHENTICATED',
        'the credentials are not accepted',
        'Renew the credentials; they expired or were withdrawn.',
      )
    case 'stranger':
      return made('UNAUTHENTICATED', 'the credentials are not accepted', 'Check the credentials.')
    case 'denied': {
      // The service may name another action that this one needs, such as one of the key.
      const named = /not authorized to perform:? ([\w-]+:\w+)(?: on resource: "?(arn:[^\s"]+))?/.exec(message)
      const action = named?.[1] ?? call.action
      const own = typeof action !== 'string' || [call.action].flat().includes(action)
      const line = { Effect: 'Allow', Action: action, Resource: own ? call.resource : (named?.[2] ?? '*') }
      return made(
        'FORBIDDEN',
        `${[action].flat().join(' or ')} is not allowed on ${line.Resource}`,
        `Allow it: ${JSON.stringify(line)}; look for a policy that denies it, too.`,
      )
    }
    case 'faulty':
      return made('UNAVAILABLE', 'the service has a problem', 'Try again later.')
    case 'unsupported':
      return made('UNSUPPORTED', 'the server does not know this call', 'Use a server that does.')
    case 'refused':
      // Thrown by the client itself, before any request.
      if (failure.status === undefined && failure.code === '')
        return made('INVALID_INPUT', 'the client is not configured', 'Give the region; check the endpoint.')
      if (failure.code === '') return notTheService(`${call.doing} failed`, { status: failure.status, cause })
      return made('INVALID_INPUT', 'the server refuses it', 'Check the options.')
  }
}

/** An answer that the service does not give: something else is at the endpoint, or between. */
export function notTheService(
  what: string,
  { status = 200, cause }: { readonly status?: number | undefined; readonly cause?: unknown } = {},
): SeamError {
  return new SeamError('INVALID_INPUT', `${what}: what answers at the endpoint (HTTP ${status}) is not the service.`, {
    remedy: 'Check the endpoint, and proxies on the way to it.',
    place: { pointer: '/endpoint' },
    ...(cause !== undefined && { cause }),
  })
}

/**
 * A failure that says the bucket is not there (`NOT_FOUND`) or in another region (`INVALID_INPUT`, with the bucket's where
 * the service names it), with the place of the option; `undefined` for any other.
 */
export function wrongBucket(error: unknown, doing: string): SeamError | undefined {
  const { code, header, message } = awsFailure(error)
  const cause = awsCause(error)
  switch (code) {
    case 'NoSuchBucket':
      return new SeamError('NOT_FOUND', `${doing} failed: there is no such bucket.`, {
        cause,
        remedy: 'Create it, or check its name and the endpoint.',
        place: { pointer: '/bucket' },
      })
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
    case 'TemporaryRedirect': {
      const region = header('x-amz-bucket-region') ?? /expecting '([\w-]+)'/.exec(message)?.[1]
      const there = region === undefined ? 'another region' : `region ${region}`
      return new SeamError('INVALID_INPUT', `${doing} failed: the bucket is in ${there}.`, {
        cause,
        remedy: "Set region to the bucket's.",
        place: { pointer: '/region' },
      })
    }
  }
  return undefined
}
