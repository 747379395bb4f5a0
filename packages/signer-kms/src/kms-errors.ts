import type { ErrorCode } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { KmsFailure } from './kms-failure.ts'

/** What was asked of KMS, for the words of an error. */
export interface KmsAct {
  /** Such as `kms:Sign`. */
  readonly action: string
  /** As it was configured. */
  readonly key: string
  /** Where it is known. */
  readonly arn?: string
  /** Region or endpoint that was asked. */
  readonly where: string
}

interface Meaning {
  readonly code: ErrorCode
  readonly what: string
  readonly remedy: string
  /** Whether the same call may succeed within seconds. */
  readonly passing: boolean
}

const throttled = new Set([
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'RequestThrottled',
])
const strangers = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignatureException',
  'IncompleteSignature',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
])
const expired = new Set(['ExpiredTokenException', 'ExpiredToken'])
const skewed = new Set(['RequestExpired', 'RequestInTheFuture', 'RequestTimeTooSkewed'])
const wrongKey = new Set([
  'InvalidKeyUsageException',
  'UnsupportedOperationException',
  'ValidationException',
  'InvalidArnException',
])
const foreign = new Set(['UnknownOperationException', 'SerializationException', 'SyntaxError', 'IncompleteAnswer'])
const certificates = /CERT|^ERR_TLS_|SELF_SIGNED|UNABLE_TO_VERIFY/

/** Whether credentials that are fetched again may be better than those that were refused. */
export function wantsNewCredentials({ name }: KmsFailure): boolean {
  return expired.has(name)
}

/**
 * A failure as an error of the seam, and whether to try again at once. Every failure that can end
 * without a change of configuration is `UNAVAILABLE`; the name that AWS gave it is the cause's.
 */
export function kmsError(failure: Error & KmsFailure, act: KmsAct): { error: SeamError; passing: boolean } {
  const { code, what, remedy, passing } = meaningOf(failure, act)
  const reference = failure.requestId === undefined ? '' : `, request ${failure.requestId}`
  const message = `${act.action} with key ${act.key} at ${act.where} failed: ${what} (${failure.name}${reference}).`
  return { error: new SeamError(code, message, { remedy, cause: failure }), passing }
}

function meaningOf(failure: KmsFailure, { action, key, arn, where }: KmsAct): Meaning {
  const { name, status } = failure
  const refused = (code: ErrorCode, what: string, remedy: string): Meaning => ({ code, what, remedy, passing: false })
  const away = (what: string, remedy: string, passing = true): Meaning => ({
    code: 'UNAVAILABLE',
    what,
    remedy,
    passing,
  })
  if (failure.skewed || skewed.has(name))
    return away('the clock of this machine is off', 'Set the clock, and keep it right with NTP.', false)
  if (failure.pendingDeletion)
    return away(
      'the key is to be deleted',
      `To keep it: aws kms cancel-key-deletion --key-id '${key}', then aws kms enable-key --key-id '${key}'. Once deleted it never comes back.`,
      false,
    )
  if (name === 'DisabledException')
    return away('the key is disabled', `Enable it: aws kms enable-key --key-id '${key}'`, false)
  if (name === 'KMSInvalidStateException')
    return away(
      'the key is in a state in which it can not be used',
      `Look: aws kms describe-key --key-id '${key}'`,
      false,
    )
  if (name === 'AccessDeniedException' || name === 'AccessDenied')
    return refused(
      'FORBIDDEN',
      'it is not allowed',
      `Allow it in the role's policy or the key's: {"Effect":"Allow","Action":"${action}","Resource":"${arn ?? (key.startsWith('arn:') ? key : 'ARN-OF-THE-KEY')}"}`,
    )
  if (name === 'NotFoundException')
    return refused('NOT_FOUND', 'there is no such key', `Check key, account and region: asked was ${where}.`)
  if (expired.has(name))
    return refused(
      'UNAUTHENTICATED',
      'the session has expired',
      'Give new credentials, or a provider that renews them.',
    )
  if (strangers.has(name))
    return refused(
      'UNAUTHENTICATED',
      'the credentials are not valid there',
      `Check credentials and region: asked was ${where}.`,
    )
  if (name === 'CredentialsProviderError')
    return refused('UNAUTHENTICATED', 'there are no credentials', 'Give credentials, or run where a role gives them.')
  if (wrongKey.has(name))
    return refused('INVALID_INPUT', 'the key is of another kind', `Look: aws kms describe-key --key-id '${key}'`)
  if (name === 'InvalidCiphertextException' || name === 'IncorrectKeyException')
    return refused(
      'INTEGRITY',
      'what was to be opened is damaged, or was made for another context or by another key',
      'Restore it from a backup; name earlier keys in the configuration.',
    )
  if (throttled.has(name) || status === 429)
    return away('KMS asks to call less often', 'Raise the request quota of KMS, or run less at once.')
  if (status !== undefined && status >= 500) return away('KMS has a fault', 'Try again; see health.aws.amazon.com.')
  if (foreign.has(name) || status !== undefined)
    return refused('INVALID_INPUT', 'the answer is not one of KMS', `Check the endpoint: asked was ${where}.`)
  if (certificates.test(name))
    return refused('INVALID_INPUT', 'its certificate is not trusted', `Check the endpoint: asked was ${where}.`)
  if (name === 'Error' || name === 'TypeError')
    return refused('INVALID_INPUT', 'the client is not configured', 'Give the region, or the ARN of the key.')
  return away('it can not be reached', `Check network and endpoint: asked was ${where}.`)
}
