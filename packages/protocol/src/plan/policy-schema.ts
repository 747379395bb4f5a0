import type { EgressRule, PlanPolicy, PlanResources, PlanSetupPolicy } from '@seamark/core'
import { z } from 'zod'
import { DURATION } from './duration.ts'
import { SIZE } from './size.ts'

const maybe = z.exactOptional
const size = z
  .string()
  .regex(SIZE, 'is no size: write a whole number above 0 and KiB, MiB, GiB or TiB, such as 4GiB')
  .describe('A size such as 512MiB or 4GiB.')
const duration = z
  .string()
  .regex(DURATION, 'is no duration: write a whole number above 0 and ms, s, m, h or d, such as 90s')
  .describe('A duration such as 500ms, 90s, 20m, 2h or 1d.')
const patterns = z.array(z.string())

const filesystem = z.strictObject({
  read: maybe(z.array(z.enum(['workspace', 'toolchain'])).describe('Default both.')),
  write: maybe(patterns.describe('workspace, paths below it, or such paths and /**. Default workspace.')),
  hide: maybe(patterns.describe('Globs of the tree that an attempt does not see. git history is not hidden.')),
})

const egressRule = z.strictObject({
  host: z.string().describe('A host name or an address, without port. No patterns.'),
  port: maybe(z.int().min(1).max(65_535).describe('Default 443.')),
  mode: z
    .enum(['endpoint', 'intercept', 'tunnel'])
    .describe('endpoint: the gateway is the base URL. intercept: it ends TLS. tunnel: opaque.'),
  methods: maybe(z.array(z.string()).min(1).describe('In upper case. All where absent. Not with tunnel.')),
  paths: maybe(
    z
      .array(z.string())
      .min(1)
      .describe('Each with at most one *, at its end, for any rest. All where absent. Not with tunnel.'),
  ),
  inject: maybe(z.string().describe('Name of the secret that the gateway adds. Needs paths. Not with tunnel.')),
  meter: maybe(z.string().describe('Name of the meter that counts what is used. Not with tunnel.')),
})

const network = z.strictObject({
  allow: z.array(egressRule).describe('What no rule allows is refused.'),
})

const resources = z.strictObject({
  cpu: maybe(z.number().positive().describe('Processors, down to thousandths.')),
  memory: maybe(size),
  pids: maybe(z.int().min(1).describe('Processes and threads.')),
  disk: maybe(size),
  wallClock: maybe(duration),
  idle: maybe(duration.describe('Without output for so long.')),
})

const tools = z.strictObject({
  shell: maybe(patterns.describe('Patterns of command lines: git * or npm test. Any command where absent.')),
  deny: maybe(patterns.describe('The same; what matches is denied whatever shell says.')),
})

export const filesystemSchema: z.ZodType<NonNullable<PlanPolicy['filesystem']>> = filesystem
export const egressRuleSchema: z.ZodType<EgressRule> = egressRule
export const networkSchema: z.ZodType<NonNullable<PlanPolicy['network']>> = network
export const resourcesSchema: z.ZodType<PlanResources> = resources
export const toolsSchema: z.ZodType<NonNullable<PlanPolicy['tools']>> = tools

const policy = z.strictObject({
  filesystem: maybe(filesystem),
  network: maybe(network),
  limits: maybe(resources),
  tools: maybe(tools),
})

const setupPolicy = policy.omit({ filesystem: true })

/** The shape of a policy of set-ups. */
export const setupPolicySchema: z.ZodType<PlanSetupPolicy> = setupPolicy
/** The fields of a policy of set-ups. */
export const SETUP_POLICY_FIELDS: readonly string[] = Object.keys(setupPolicy.shape)

/** The shape of a policy as it is written. `parsePolicy` checks what a shape can not say. */
export const policySchema: z.ZodType<PlanPolicy> = policy

/** The fields of each map in a policy, by its path. */
export const POLICY_FIELDS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    '': policy,
    filesystem,
    network,
    'network.allow.#': egressRule,
    limits: resources,
    tools,
  }).map(([place, schema]) => [place, Object.keys(schema.shape)]),
)

type Lacks<T, S> = Record<Exclude<keyof T, keyof S>, never>

// The reverse of the annotation above: a field that core has and a schema lacks does not compile.
const guard: {
  readonly filesystem: Lacks<NonNullable<PlanPolicy['filesystem']>, z.infer<typeof filesystem>>
  readonly rule: Lacks<EgressRule, z.infer<typeof egressRule>>
  readonly limits: Lacks<PlanResources, z.infer<typeof resources>>
  readonly tools: Lacks<NonNullable<PlanPolicy['tools']>, z.infer<typeof tools>>
} = { filesystem: {}, rule: {}, limits: {}, tools: {} }
void guard
