import type { EgressRule, PricedModel } from '@seamark/core'
import { PROVIDERS } from '@seamark/metering'
import type { Carrier } from './credentials.ts'
import type { AttemptEgress, EgressDecision, EgressGatewayOptions } from './options.ts'
import { z } from 'zod'

/** What the gateway's process is started with: plain data. */
export type ProcessOptions = Pick<
  EgressGatewayOptions,
  'meters' | 'packages' | 'privateRanges' | 'extraCas' | 'proxy' | 'limits'
> & {
  /** How secrets are added that may be asked for. */
  readonly carriers: Readonly<Record<string, Carrier>>
  /** As whom it goes on, where it is started by root. */
  readonly user: { readonly uid: number; readonly gid: number }
}

const renewed = z.literal(true).exactOptional()
const carrier = z.discriminatedUnion('way', [
  z.strictObject({ way: z.literal('bearer'), renewed }),
  z.strictObject({ way: z.literal('header'), header: z.string(), renewed }),
  z.strictObject({ way: z.literal('basic'), user: z.string(), renewed }),
  z.strictObject({ way: z.literal('sigv4'), unsigned: z.literal(true).exactOptional() }),
])

// Its owner checked them before.
const meter = z.strictObject({
  maxOutputTokens: z.int().exactOptional(),
  hosts: z.record(z.string(), z.enum(PROVIDERS)).exactOptional(),
  prices: z.array(z.custom<PricedModel>()).exactOptional(),
})

export const startMessage: z.ZodType<ProcessOptions> = z.strictObject({
  carriers: z.record(z.string(), carrier),
  meters: z.record(z.string(), meter).exactOptional(),
  packages: z
    .strictObject({
      registries: z.array(
        z.strictObject({ host: z.string(), port: z.int().exactOptional(), kind: z.enum(['npm', 'pypi']) }),
      ),
      maxBytes: z.int().exactOptional(),
    })
    .exactOptional(),
  privateRanges: z.array(z.string()).exactOptional(),
  extraCas: z.array(z.string()).exactOptional(),
  proxy: z.strictObject({ host: z.string(), port: z.int() }).exactOptional(),
  limits: z.record(z.string(), z.int()).exactOptional(),
  user: z.strictObject({ uid: z.int().min(1), gid: z.int().min(1) }),
})

const rule = z.strictObject({
  host: z.string(),
  port: z.int().exactOptional(),
  mode: z.enum(['endpoint', 'intercept', 'tunnel']),
  methods: z.array(z.string()).exactOptional(),
  paths: z.array(z.string()).exactOptional(),
  inject: z.string().exactOptional(),
  meter: z.string().exactOptional(),
})

export const openMessage: z.ZodType<{
  readonly attempt: number
  readonly launchId: string
  readonly rules: readonly EgressRule[]
  /** Whether it may take calls from budgets. */
  readonly meters: boolean
}> = z.strictObject({
  attempt: z.int(),
  launchId: z.string(),
  rules: z.array(rule),
  meters: z.boolean(),
})

export const readyMessage: z.ZodType<{ readonly attempt: number } & Pick<AttemptEgress, 'ca'>> = z.strictObject({
  attempt: z.int(),
  ca: z.string().exactOptional(),
})

export const closeMessage: z.ZodType<{ readonly attempt: number }> = z.strictObject({ attempt: z.int() })

export const opened: z.ZodType<Pick<AttemptEgress, 'ca' | 'endpoints'>> = z.strictObject({
  ca: z.string().exactOptional(),
  endpoints: z.array(z.strictObject({ host: z.string(), port: z.int(), path: z.string() })),
})

/** The process parses what attempts send, so what it says is checked as theirs is. */
const decision: z.ZodType<EgressDecision> = z.strictObject({
  launchId: z.string(),
  at: z.int(),
  count: z.int().min(0),
  ahead: z.int().min(1).exactOptional(),
  outcome: z.enum(['allowed', 'refused']),
  reason: z.custom<EgressDecision['reason']>((word) => typeof word === 'string' && /^[a-z0-9-]{1,40}$/.test(word)),
  code: z.custom<NonNullable<EgressDecision['code']>>((word) => typeof word === 'string').exactOptional(),
  mode: rule.shape.mode.exactOptional(),
  host: z.string().exactOptional(),
  port: z.int().exactOptional(),
  method: z.string().exactOptional(),
  path: z.string().exactOptional(),
  address: z.string().exactOptional(),
  inject: z.string().exactOptional(),
})

export const decidedMessage: z.ZodType<{ readonly attempt: number; readonly decisions: readonly EgressDecision[] }> =
  z.strictObject({ attempt: z.int(), decisions: z.array(decision).min(1) })
