import type {
  EgressRule,
  Isolation,
  ItemPolicy,
  ItemSpec,
  LaunchLimits,
  Policy,
  PolicyLevel,
  PolicyPart,
  PolicySource,
  RunPolicies,
} from '@seamark/core'
import { z } from 'zod'
import { count, digest, maybe } from './exact.ts'
import { isolation } from './item.ts'

/** The policy under which the attempts of an item run, as it was recorded with the run. */
export interface PolicyView {
  readonly run: string
  readonly item: string
  /** The name of its executor. */
  readonly executor: string
  /** How strongly that one separates an attempt from its host; absent where this deployment has none of that name. */
  readonly isolation?: Isolation
  /** What its executor holds where `policy` has no such limit; absent where it holds nothing then, or there is none of that name. */
  readonly defaultLimits?: LaunchLimits
  /** What its executor gives no more of, whatever `policy` says; absent where it has no such bound, or there is none of that name. */
  readonly mostLimits?: LaunchLimits
  /** The item that added it: its policy is the level `parent`, and pointers are into that. Absent for an item of the plan. */
  readonly parent?: string
  /** False where no level says anything: `policy` is then what attempts get by default, and no record names it. */
  readonly said: boolean
  /** As `policy` in the data of `item.launched`. */
  readonly digest: string
  readonly policy: Policy
  /**
   * Each part and what had a say in it. Absent where that can not be told: another version combined the levels otherwise, or what the
   * version of its agent says is not among what was recorded.
   */
  readonly parts?: readonly PolicyPart[]
  /** Of the set-up that the item needs; absent where its plan has none. */
  readonly setup?: SetupPolicyView
}

/** The policy under which the set-up of a run is built. `filesystem` in it says nothing: a set-up sees its key files. */
export interface SetupPolicyView {
  /** False where neither deployment nor plan says anything. */
  readonly said: boolean
  /** As `policy` in the data of `layer.launched`. */
  readonly digest: string
  readonly policy: Policy
  /** As in `PolicyView`. The level of what the plan says is `item`, at `/workspace/setup/policy`. */
  readonly parts?: readonly PolicyPart[]
}

const words = z.array(z.string())
const level: z.ZodType<PolicyLevel> = z.enum(['deployment', 'parent', 'queue', 'agent', 'version', 'item'])
const source: z.ZodType<PolicySource> = z.object({ level, pointer: z.string() })
const part: z.ZodType<PolicyPart> = z.object({ pointer: z.string(), value: z.json(), from: z.array(source) })

const rule: z.ZodType<EgressRule> = z.object({
  host: z.string(),
  port: maybe(z.int()),
  mode: z.enum(['endpoint', 'intercept', 'tunnel']),
  methods: maybe(words),
  paths: maybe(words),
  inject: maybe(z.string()),
  meter: maybe(z.string()),
})

const heldLimits = {
  cpu: maybe(z.number()),
  memoryBytes: maybe(count),
  pids: maybe(count),
  diskBytes: maybe(count),
  idleMs: maybe(count),
}
const launchLimits: z.ZodType<LaunchLimits> = z.object(heldLimits)

/** A policy in the units of the engine. */
export const policy: z.ZodType<Policy> = z.object({
  filesystem: maybe(z.object({ read: maybe(words), write: maybe(words), hide: maybe(words) })),
  network: maybe(z.object({ allow: z.array(rule) })),
  limits: maybe(z.object({ ...heldLimits, wallClockMs: maybe(count) })),
  tools: maybe(z.object({ shell: maybe(words), deny: maybe(words) })),
})

const setupView: z.ZodType<SetupPolicyView> = z.object({
  said: z.boolean().describe('False where neither deployment nor plan says anything.'),
  digest,
  policy,
  parts: maybe(z.array(part)),
})

export const policyView: z.ZodType<PolicyView> = z.object({
  run: z.string(),
  item: z.string(),
  executor: z.string(),
  isolation: maybe(isolation),
  defaultLimits: maybe(launchLimits).describe('What its executor holds where `policy` has no such limit.'),
  mostLimits: maybe(launchLimits).describe('What its executor gives no more of, whatever `policy` says.'),
  parent: maybe(z.string()).describe(
    'The item that added it, whose policy is the level `parent`; absent for one of the plan.',
  ),
  said: z.boolean().describe('False where no level says anything.'),
  digest,
  policy,
  parts: maybe(z.array(part)),
  setup: maybe(setupView).describe('Of the set-up that the item needs; absent where its plan has none.'),
})

const itemPolicy: z.ZodType<ItemPolicy> = z.object({ policy, digest, own: maybe(policy) })
const runPolicies: z.ZodType<RunPolicies> = z.object({
  deployment: maybe(policy),
  queues: maybe(z.record(z.string(), policy)),
  agents: maybe(z.record(z.string(), policy)),
  versions: maybe(z.record(z.string(), policy)),
  setup: maybe(policy),
})

/** What of the payload of `run.submitted` is about policies. */
export const recordedRun: z.ZodType<{
  readonly spec: { readonly policies?: RunPolicies; readonly setup?: { readonly policy?: ItemPolicy } }
}> = z.object({
  spec: z.object({ policies: maybe(runPolicies), setup: maybe(z.object({ policy: maybe(itemPolicy) })) }),
})

type RecordedItem = Pick<ItemSpec, 'id' | 'executor' | 'queue' | 'agent' | 'policy'> & {
  readonly agentVersion?: { readonly manifest: { readonly sha256: string } }
}

/** What of the payload of `items.added` is about policies. */
export const recordedItems: z.ZodType<readonly RecordedItem[]> = z.array(
  z.object({
    id: z.string(),
    executor: z.string(),
    queue: z.string(),
    agent: maybe(z.string()),
    agentVersion: maybe(z.object({ manifest: z.object({ sha256: digest }) })),
    policy: maybe(itemPolicy),
  }),
)
