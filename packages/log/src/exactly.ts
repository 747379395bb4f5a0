import type { z } from 'zod'

type Constant<T> = T extends object ? { readonly [K in keyof T]: Constant<T[K]> } : T

/** `unknown` if a schema takes every value of a type, otherwise `never`. */
export type Takes<Schema, T> =
  Schema extends z.ZodType<infer Output> ? ([T] extends [Constant<Output>] ? unknown : never) : never

/**
 * A schema as the schema of a type of `@seamark/core`, refused by the compiler where it takes less or
 * gives more than the type says: neither can change without the other.
 */
export function exactly<T>(): <Schema extends z.ZodType<T>>(schema: Schema & Takes<Schema, T>) => z.ZodType<T> {
  return (schema) => schema
}
