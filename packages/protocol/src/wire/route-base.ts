import { z } from 'zod'
import type { Route } from './route.ts'

export type NoParams = Readonly<Record<never, never>>

type Base = Pick<Route<NoParams, NoParams, never, never>, 'params' | 'query' | 'idempotent'> & {
  readonly body: { readonly kind: 'none' }
  readonly status: 200
}

const nothing: z.ZodType<NoParams> = z.strictObject({})
const base: Base = { params: nothing, query: nothing, body: { kind: 'none' }, status: 200, idempotent: true }

/** What most questions have. */
export const get: Base & { readonly method: 'GET' } = { ...base, method: 'GET' }
/** What most commands have. */
export const post: Base & { readonly method: 'POST' } = { ...base, method: 'POST', idempotent: false }
