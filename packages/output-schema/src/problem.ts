import type { ErrorCode } from '@seamark/core'

/** Keys and indexes from the root of a schema. */
export type SchemaPath = readonly (string | number)[]

/** What is wrong with a schema, and where in it. The message holds no text of the schema. */
export interface SchemaProblem {
  readonly code: Extract<ErrorCode, 'INVALID_INPUT' | 'LIMIT_EXCEEDED' | 'UNSUPPORTED'>
  readonly message: string
  readonly remedy?: string
  readonly path: SchemaPath
}
