import type { JsonObject, KeyRole, Pause, TrustFile } from '@seamark/core'
import { z } from 'zod'
import { count, jsonObject, maybe } from './exact.ts'
import { pauseView } from './run.ts'
import { budgetView } from './usage.ts'
import type { BudgetView } from './usage.ts'

/** One seam object of the deployment and what it promises. */
export interface SeamView {
  /** Field of the configuration, such as `executors` or `journal`. */
  readonly seam: string
  readonly spec: string
  readonly kind: string
  readonly name: string
  readonly guarantees: JsonObject
  /** True where the configuration names none and this is the safe local default. */
  readonly isDefault: boolean
}

export const seamView: z.ZodType<SeamView> = z.object({
  seam: z.string(),
  spec: z.string(),
  kind: z.string(),
  name: z.string(),
  guarantees: jsonObject,
  isDefault: z.boolean(),
})

/** What is taken of a quota, in bytes. */
export interface QuotaView {
  readonly of: 'storage' | 'kept' | 'mirrors'
  readonly bytes: number
  readonly maxBytes: number
}
const quotaView: z.ZodType<QuotaView> = z.object({
  of: z.enum(['storage', 'kept', 'mirrors']),
  bytes: count,
  maxBytes: count,
})

export interface ServiceView {
  /** Version of Seamark. */
  readonly version: string
  readonly api: 'v1'
  readonly ns: string
  readonly pid: number
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly seams: readonly SeamView[]
  readonly queues: readonly {
    readonly name: string
    readonly concurrency: number
    /** How many items hold a slot; a parent's may be lent to a child, which is counted too. Absent where this service does not lead. */
    readonly running?: number
  }[]
  /** Present while another service leads: who, where it is known. Commands are `UNAVAILABLE` here until this one has taken over. */
  readonly standby?: { readonly leader?: string }
  /** Since when it drains (epoch milliseconds): it takes no plans, and stops once nothing runs. */
  readonly draining?: { readonly since: number }
  /** The pause of all runs, where there is one. */
  readonly paused?: Pause
  /** How the budgets of agents, principals and teams and of this day stand. Absent where this service does not lead. */
  readonly budgets?: readonly BudgetView[]
  /** Of which more than nine tenths are taken, as was seen last. */
  readonly quotas?: readonly QuotaView[]
  readonly stats: {
    readonly runs: number
    readonly running: number
    readonly waiting: number
    readonly parked: number
    /** Records in the log. */
    readonly size: number
  }
}

export const serviceView: z.ZodType<ServiceView> = z.object({
  version: z.string(),
  api: z.literal('v1'),
  ns: z.string(),
  pid: count,
  startedAt: count,
  seams: z.array(seamView),
  queues: z.array(z.object({ name: z.string(), concurrency: count, running: maybe(count) })),
  standby: maybe(z.object({ leader: maybe(z.string()) })),
  draining: maybe(z.object({ since: count })),
  paused: maybe(pauseView),
  budgets: maybe(z.array(budgetView)),
  quotas: maybe(z.array(quotaView)),
  stats: z.object({ runs: count, running: count, waiting: count, parked: count, size: count }),
})

export type FindingStatus = 'ok' | 'warn' | 'fail'

/** What one check of `doctor` found. */
export interface DoctorFinding {
  /** Stable id such as `node.version`. */
  readonly id: string
  readonly title: string
  readonly status: FindingStatus
  /** What was measured, with its unit. */
  readonly measured?: string
  /** What to do; present unless `ok`. */
  readonly remedy?: string
}

export interface DoctorReport {
  readonly version: 1
  /** The worst of the findings. */
  readonly status: FindingStatus
  /** Epoch milliseconds. */
  readonly at: number
  readonly findings: readonly DoctorFinding[]
  readonly seams: readonly SeamView[]
}

const findingStatus: z.ZodType<FindingStatus> = z.enum(['ok', 'warn', 'fail'])

export const doctorReport: z.ZodType<DoctorReport> = z.object({
  version: z.literal(1),
  status: findingStatus,
  at: count,
  findings: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      status: findingStatus,
      measured: maybe(z.string()),
      remedy: maybe(z.string()),
    }),
  ),
  seams: z.array(seamView),
})

const keyRole: z.ZodType<KeyRole> = z.enum(['log', 'attestation', 'dispatch', 'export', 'witness'])

/** The trust file that `keys export` writes. */
export const trustFile: z.ZodType<TrustFile> = z.object({
  version: z.literal(1),
  keys: z.array(
    z.object({
      origin: z.string(),
      role: keyRole,
      key: z.string(),
      validFrom: maybe(z.string()),
      validUntil: maybe(z.string()),
      compromisedSince: maybe(z.string()),
    }),
  ),
  witnesses: z.array(z.object({ name: z.string(), key: z.string(), owner: z.string() })),
  tsaRoots: z.array(z.string()),
  required: z.array(z.string()),
})
