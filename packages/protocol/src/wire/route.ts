import type { Action, ErrorCode } from '@seamark/core'
import type { z } from 'zod'

/**
 * What a route answers with: one JSON document, newline-delimited JSON with one `schema` document a
 * line, or bytes.
 */
export type RouteAnswer<Answer> =
  | { readonly kind: 'json'; readonly schema: z.ZodType<Answer> }
  | { readonly kind: 'ndjson'; readonly schema: z.ZodType<Answer> }
  | { readonly kind: 'bytes'; readonly mediaType: string }

/** One route of `/v1`. Errors are RFC 9457 problem documents on every route. */
export interface Route<Params, Query, Body, Answer> {
  readonly id: string
  readonly method: 'GET' | 'POST'
  /** With `{name}` for each path parameter. */
  readonly path: `/v1/${string}`
  readonly summary: string
  /** What the authorizer is asked; absent where everybody who reached the service may ask. */
  readonly action?: Action
  readonly params: z.ZodType<Params>
  /** Query values arrive as text; the schema turns them into numbers and booleans. */
  readonly query: z.ZodType<Query>
  /** `plan`: the plan's own bytes as YAML or JSON, or `PlanWithValues`. `none`: no body. */
  readonly body:
    | {
        readonly kind: 'json'
        readonly schema: z.ZodType<Body>
        /** Most bytes of it. 1 MiB where absent. */
        readonly maxBytes?: number
      }
    | { readonly kind: 'plan' | 'none' }
  readonly status: 200 | 202
  readonly answer: RouteAnswer<Answer>
  /** Codes beyond `INVALID_INPUT`, `UNAUTHENTICATED`, `FORBIDDEN`, `UNAVAILABLE` and `INTERNAL`, which any route may answer with. */
  readonly errors: readonly ErrorCode[]
  /** Whether a client may repeat the call when it can not know whether it arrived. */
  readonly idempotent: boolean
}

/** The path as Fastify and Express write it: `/v1/runs/:run`. */
export function colonPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}
