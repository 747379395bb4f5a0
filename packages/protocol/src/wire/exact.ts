import type { JsonObject } from '@seamark/core'
import { z } from 'zod'

/** A field that may be absent, but is never null or undefined. */
export function maybe<T extends z.ZodType>(schema: T): z.ZodExactOptional<T> {
  return z.exactOptional(schema)
}

/** A count, size, index or instant: an integer from 0 to 2^53−1. */
export const count: z.ZodType<number> = z.int().min(0)

/** Lower-case hex SHA-256. */
export const digest: z.ZodType<string> = z.string().regex(/^[0-9a-f]{64}$/)

/** Any JSON object. */
export const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json())

/** `true` or `false` in a query. */
export const flag: z.ZodPipe<z.ZodEnum<{ true: 'true'; false: 'false' }>, z.ZodTransform<boolean, 'true' | 'false'>> = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
