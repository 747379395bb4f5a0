import type { ErrorCode } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { awsCause, awsFailure, awsMeaning } from '@seamark/kit/aws'
import type { AwsFailure } from '@seamark/kit/aws'

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

const wrongKey = new Set([
  'InvalidKeyUsageException',
  'UnsupportedOperationException',
  'ValidationException',
  'InvalidArnException',
])
const certificates = /CERT|^ERR_TLS_|SELF_SIGNED|UNABLE_TO_VERIFY/

/**
 * A failure as an error of the seam, and whether to try again at once. Every failure that can end
 * without a change of configuration is `UNAVAILABLE`; the name that AWS gave it is the cause's.
 */
export function kmsError(thrown: unknown, act: KmsAct): { error: SeamError; passing: boolean } {
  const failure = awsFailure(thrown)
  const cause = awsCause(thrown)
  const { code, what, remedy, passing } = meaningOf(failure, act)
  const reference = failure.requestId === undefined ? '' : `, request ${failure.requestId}`
  const message = `${act.action} with key ${act.key} at ${act.where} failed: ${what} (${cause.name}${reference}).`
  return { error: new SeamError(code, message, { remedy, cause }), passing }
}

function meaningOf(failure: AwsFailure, { action, key, arn, where }: KmsAct): Meaning {
  const { code: name, status } = failure
  const refused = (code: ErrorCode, what: string, remedy: string): Meaning => ({ code, what, remedy, passing: false })
  const away = (what: string, remedy: string, passing = true): Meaning => ({
    code: 'UNAVAILABLE',
    what,
    remedy,
    passing,
  })
  // KMS says this as `DisabledException` and as `KMSInvalidStateException`.
  if (/is pending deletion/.test(failure.message))
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
  if (name === 'NotFoundException')
    return refused('NOT_FOUND', 'there is no such key', `Check key, account and region: asked was ${where}.`)
  if (wrongKey.has(name))
    return refused('INVALID_INPUT', 'the key is of another kind', `Look: aws kms describe-key --key-id '${key}'`)
  if (name === 'InvalidCiphertextException' || name === 'IncorrectKeyException')
    return refused(
      'INTEGRITY',
      'what was to be opened is damaged, or was made for another context or by another key',
      'Restore it from a backup; name earlier keys in the configuration.',
    )
  if (certificates.test(name))
    return refused('INVALID_INPUT', 'its certificate is not trusted', `Check the endpoint: asked was ${where}.`)
  switch (awsMeaning(failure)) {
    case 'timeout':
    case 'unreached':
      return away('it can not be reached', `Check network and endpoint: asked was ${where}.`)
    case 'skewed':
      return away('the clock of this machine is off', 'Set the clock, and keep it right with NTP.', false)
    case 'throttled':
      return away('KMS asks to call less often', 'Raise the request quota of KMS, or run less at once.')
    case 'faulty':
      return away('KMS has a fault', 'Try again; see health.aws.amazon.com.')
    case 'stale':
      return refused(
        'UNAUTHENTICATED',
        'the session has expired',
        'Give new credentials, or a provider that renews them.',
      )
    case 'stranger':
      return refused(
        'UNAUTHENTICATED',
        'there are no credentials, or they are not valid there',
        `Check credentials and region: asked was ${where}.`,
      )
    case 'denied':
      return refused(
        'FORBIDDEN',
        'it is not allowed',
        `Allow it in the role's policy or the key's: {"Effect":"Allow","Action":"${action}","Resource":"${arn ?? (key.startsWith('arn:') ? key : 'ARN-OF-THE-KEY')}"}`,
      )
    case 'unsupported':
    case 'refused':
      return status === undefined && (name === '' || name === 'TypeError')
        ? refused('INVALID_INPUT', 'the client is not configured', 'Give the region, or the ARN of the key.')
        : refused('INVALID_INPUT', 'the answer is not one of KMS', `Check the endpoint: asked was ${where}.`)
  }
}
