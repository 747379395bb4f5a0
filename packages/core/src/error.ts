/**
 * The closed set of error codes. One table maps each to its HTTP status, CLI exit code and
 * consequence: `ERRORS` in `@seamark/kit`.
 */
export type ErrorCode =
  | 'INVALID_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'LIMIT_EXCEEDED'
  | 'UNSUPPORTED'
  | 'ABORTED'
  | 'TIMEOUT'
  | 'UNAVAILABLE'
  | 'INTEGRITY'
  | 'INTERNAL'

/** What a caller should do after an error: give up, try again, or stop the whole service. */
export type Consequence = 'terminal' | 'retry' | 'stop'

/** Where in a document a problem is. */
export interface Place {
  /** The file of the document, where it is one of several. */
  readonly file?: string
  /** RFC 6901 JSON pointer into the parsed document, `""` for its root. */
  readonly pointer: string
  /** 1-based line in the source text, where the text is known. */
  readonly line?: number
  /** 1-based column in the source text, where the text is known. */
  readonly column?: number
}

/** One thing that is wrong: what, where, and what to do about it. Never contains a secret. */
export interface Problem {
  readonly code: ErrorCode
  /** What is wrong, in one sentence. */
  readonly message: string
  readonly place?: Place
  /** What to do, in one sentence. */
  readonly remedy?: string
}
