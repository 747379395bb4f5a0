import type { ErrorCode, Problem } from '@seamark/core'
import { ERRORS, SeamError } from '@seamark/kit'
import { z } from 'zod'
import { count, maybe } from './exact.ts'

/** Media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** An error on the wire: an RFC 9457 problem document with our code, all problems and a request id. */
export interface ProblemDocument {
  /** `urn:seamark:error:` and the code. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly requestId: string
  readonly problems: readonly Problem[]
  readonly retryAfterMs?: number
}

export const errorCode: z.ZodType<ErrorCode> = z.enum([
  'INVALID_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'LIMIT_EXCEEDED',
  'UNSUPPORTED',
  'ABORTED',
  'TIMEOUT',
  'UNAVAILABLE',
  'INTEGRITY',
  'INTERNAL',
])

export const problem: z.ZodType<Problem> = z.object({
  code: errorCode,
  message: z.string(),
  place: maybe(
    z.object({
      pointer: z.string().describe('RFC 6901 JSON pointer.'),
      line: maybe(count.describe('From 1.')),
      column: maybe(count.describe('From 1.')),
    }),
  ),
  remedy: maybe(z.string()),
})

export const problemDocument: z.ZodType<ProblemDocument> = z.object({
  type: z.string(),
  title: z.string(),
  status: count,
  detail: z.string(),
  code: errorCode,
  requestId: z.string(),
  problems: z.array(problem),
  retryAfterMs: maybe(count),
})

/** HTTP status of an error: the table's, and 413 for a limit that waiting does not help against. */
export function httpStatus(error: { readonly code: ErrorCode; readonly retryAfterMs?: number | undefined }): number {
  return error.code === 'LIMIT_EXCEEDED' && error.retryAfterMs === undefined ? 413 : ERRORS[error.code].http
}

/** The document that tells a client of an error. The cause stays in the service. */
export function toProblemDocument(error: SeamError, requestId: string): ProblemDocument {
  return {
    type: `urn:seamark:error:${error.code}`,
    title: ERRORS[error.code].title,
    status: httpStatus(error),
    detail: error.message,
    code: error.code,
    requestId,
    problems: error.problems,
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  }
}

/** The error that a document tells of, or `undefined` for what is no such document. */
export function fromProblemDocument(document: unknown): SeamError | undefined {
  const parsed = problemDocument.safeParse(document)
  if (!parsed.success) return undefined
  const { code, detail, problems, retryAfterMs } = parsed.data
  return new SeamError(code, detail, { problems, ...(retryAfterMs !== undefined && { retryAfterMs }) })
}
