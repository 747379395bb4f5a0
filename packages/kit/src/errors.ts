import type { Consequence, ErrorCode, Place, Problem } from '@seamark/core'

/**
 * What each error code means to HTTP (RFC 9457), to the CLI and to a caller that wonders whether to
 * try again. A body that is too large is `LIMIT_EXCEEDED` with status 413 instead of 429. `ABORTED`
 * has no standard status, as whoever asked is gone; 499 is what logs show for it.
 */
export const ERRORS: Readonly<
  Record<
    ErrorCode,
    { readonly http: number; readonly exit: number; readonly consequence: Consequence; readonly title: string }
  >
> = {
  INVALID_INPUT: { http: 400, exit: 2, consequence: 'terminal', title: 'The input is not valid' },
  UNAUTHENTICATED: { http: 401, exit: 3, consequence: 'terminal', title: 'Who is asking is not known' },
  FORBIDDEN: { http: 403, exit: 3, consequence: 'terminal', title: 'Not allowed' },
  NOT_FOUND: { http: 404, exit: 4, consequence: 'terminal', title: 'Not found' },
  CONFLICT: { http: 409, exit: 5, consequence: 'terminal', title: 'It contradicts what is there' },
  LIMIT_EXCEEDED: { http: 429, exit: 6, consequence: 'retry', title: 'Over a limit' },
  UNSUPPORTED: { http: 501, exit: 7, consequence: 'terminal', title: 'Not supported here' },
  ABORTED: { http: 499, exit: 8, consequence: 'terminal', title: 'Stopped on request' },
  TIMEOUT: { http: 504, exit: 8, consequence: 'retry', title: 'Out of time' },
  UNAVAILABLE: { http: 503, exit: 9, consequence: 'retry', title: 'Not available now' },
  INTEGRITY: { http: 500, exit: 10, consequence: 'stop', title: 'Stored data is not what was written' },
  INTERNAL: { http: 500, exit: 1, consequence: 'stop', title: 'A defect of Seamark' },
}

/** Whether a word from outside is one of the codes. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(ERRORS, word)
}

/** All codes, in the order of the table. */
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(ERRORS).filter(isErrorCode)

const brand = Symbol.for('seamark.error/v1')

export interface SeamErrorOptions {
  readonly place?: Place
  /** What to do, in one sentence. */
  readonly remedy?: string
  /** All problems, where there are several. */
  readonly problems?: readonly Problem[]
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** The one error class of Seamark. Recognise it with `isSeamError`, never with `instanceof`. */
export class SeamError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly Problem[]
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, options: SeamErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SeamError'
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.problems = options.problems ?? [
      {
        code,
        message,
        ...(options.place && { place: options.place }),
        ...(options.remedy !== undefined && { remedy: options.remedy }),
      },
    ]
    Object.defineProperty(this, brand, { value: true })
  }

  get consequence(): Consequence {
    return ERRORS[this.code].consequence
  }
}

/** True for a `SeamError` of any copy of this package. */
export function isSeamError(error: unknown): error is SeamError {
  return typeof error === 'object' && error !== null && brand in error
}

/** True for a `SeamError` with this code. */
export function hasCode(error: unknown, code: ErrorCode): error is SeamError {
  return isSeamError(error) && error.code === code
}

/** Any thrown thing as a `SeamError`; what is not one already becomes `INTERNAL`, or `ABORTED` for an abort. */
export function toSeamError(error: unknown): SeamError {
  if (isSeamError(error)) return error
  if (error instanceof Error && error.name === 'AbortError')
    return new SeamError('ABORTED', 'Stopped on request.', { cause: error })
  const message = error instanceof Error ? error.message : String(error)
  return new SeamError('INTERNAL', message, { cause: error })
}

/** Node's `code` of a system error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}
