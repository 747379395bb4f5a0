import type { UsageAnswer, UsageReport, UsageRequest } from '@seamark/core'
import { z } from 'zod'

// What the engine checks again; that it is of this form at all is checked here, as the process parses what attempts send.
const count = z.int().min(0)
const limits = z.strictObject({ tokens: count.exactOptional(), nanoUsd: count.exactOptional() })
const id = z.string().min(1).max(200)

const request: z.ZodType<UsageRequest> = z.strictObject({ id, provider: id, model: id, worst: limits })

const report: z.ZodType<UsageReport> = z.discriminatedUnion('as', [
  z.strictObject({ as: z.literal('reserved') }),
  z.strictObject({
    as: z.literal('used'),
    amount: z.strictObject({ tokens: count, nanoUsd: count }),
    tokens: z
      .strictObject({
        input: count,
        output: count,
        cacheRead: count,
        cacheWrite5m: count,
        cacheWrite1h: count,
        reasoning: count,
      })
      .exactOptional(),
    limitedUntil: count.exactOptional(),
  }),
])

export const reserveMessage: z.ZodType<{ readonly attempt: number; readonly request: UsageRequest }> = z.strictObject({
  attempt: z.int(),
  request,
})

export const settleMessage: z.ZodType<{
  readonly attempt: number
  readonly id: string
  readonly report: UsageReport
}> = z.strictObject({ attempt: z.int(), id, report })

export const usageAnswer: z.ZodType<UsageAnswer> = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({
    ok: z.literal(false),
    code: z.enum(['LIMIT_EXCEEDED', 'UNSUPPORTED']),
    account: z.custom<(UsageAnswer & { readonly ok: false })['account']>((text) => typeof text === 'string'),
    of: z.enum(['tokens', 'nanoUsd']),
    room: count,
  }),
])
