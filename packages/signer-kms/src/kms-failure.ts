/**
 * Why a call to KMS gave nothing, as far as it may be told: never the words of the answer, which can quote the request
 * and with it a session token.
 */
export interface KmsFailure {
  /** The name of AWS, such as `DisabledException`; of the system, such as `ECONNREFUSED`; or of the client. */
  readonly name: string
  /** HTTP status, where there was an answer. */
  readonly status?: number
  /** For AWS support. */
  readonly requestId?: string
  /** The clocks of this machine and of KMS are further apart than KMS allows. */
  readonly skewed: boolean
  /** The key is to be deleted: KMS also says this as `DisabledException`. */
  readonly pendingDeletion: boolean
}

const brand = Symbol('kms failure')

/** A failure that can be thrown, and given as the cause of another error. */
export function kmsFailure(failure: KmsFailure): Error & KmsFailure {
  const error = new Error(failure.status === undefined ? failure.name : `${failure.name}, HTTP ${failure.status}`)
  return Object.assign(error, failure, { [brand]: true })
}

export function isKmsFailure(error: unknown): error is Error & KmsFailure {
  return typeof error === 'object' && error !== null && brand in error
}
