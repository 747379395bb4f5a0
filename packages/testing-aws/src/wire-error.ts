const brand = Symbol('wire error')

/** What a service answers instead of a result: `__type` and `message` of AWS JSON 1.1, and the HTTP status. */
export interface WireError {
  readonly type: string
  readonly message: string
  readonly status: number
}

/**
 * Ends an operation with an error of the service. KMS documents 400 for what is the caller's fault
 * and 500 for what is its own (docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html).
 */
export function wireError(type: string, message: string, status = 400): Error & WireError {
  return Object.assign(new Error(message), { type, status, [brand]: true })
}

export function isWireError(error: unknown): error is Error & WireError {
  return typeof error === 'object' && error !== null && brand in error
}

/** The answer to a request that does not fit the service's model. */
export function invalid(message: string): Error & WireError {
  return wireError('ValidationException', message)
}
