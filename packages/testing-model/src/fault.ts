import type { ModelCheck } from './problem.ts'

/** What is wrong with a request, as its API tells it. */
export interface Fault {
  readonly check: ModelCheck
  readonly status: number
  readonly message: string
  /** Steps to the place in the body. */
  readonly path?: readonly PropertyKey[]
  /** `error.type`. Default that of the status. */
  readonly type?: string
  /** `error.code` of OpenAI. */
  readonly code?: string
}

/** A fault of a body, which is answered with 400. */
export function badRequest(
  check: ModelCheck,
  message: string,
  path: readonly PropertyKey[] = [],
  code?: string,
): Fault {
  return { check, status: 400, message, path, ...(code !== undefined && { code }) }
}
