import type { EgressRule, PlanPolicy, Policy, Problem } from '@seamark/core'
import { canonicalHost, checkPolicy } from '@seamark/policy'
import type { z } from 'zod'
import { durationMs } from './duration.ts'
import { explain, withoutBadFields } from './explain.ts'
import { faultList } from './fault.ts'
import type { Faults, Path } from './fault.ts'
import { notListed, pointer } from './place.ts'
import {
  egressRuleSchema,
  filesystemSchema,
  POLICY_FIELDS,
  policySchema,
  resourcesSchema,
  toolsSchema,
} from './policy-schema.ts'
import { sizeBytes } from './size.ts'

export type PolicyResult =
  { readonly ok: true; readonly policy: Policy } | { readonly ok: false; readonly problems: readonly Problem[] }

// Stands for a rule that has been complained about already, so that the others keep their places.
const placeholder: EgressRule = { host: 'rule.invalid', mode: 'tunnel' }

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}

/** What of a value has the right shape. */
function sound<T>(
  schema: z.ZodType<T>,
  value: unknown,
  standIns: Readonly<Record<string, unknown>> = {},
): T | undefined {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const { rest } = withoutBadFields(value, parsed.error.issues)
  return schema.safeParse({ ...standIns, ...rest }).data
}

/** A policy whose shape has been judged, as far as it is sound. */
function soundPolicy(value: unknown): PlanPolicy {
  const part = <T>(schema: z.ZodType<T>, name: string) => {
    const written = fieldOf(value, name)
    return written === undefined ? undefined : sound(schema, written)
  }
  const filesystem = part(filesystemSchema, 'filesystem')
  const limits = part(resourcesSchema, 'limits')
  const tools = part(toolsSchema, 'tools')
  const rules = fieldOf(fieldOf(value, 'network'), 'allow')
  const list: readonly unknown[] | undefined = Array.isArray(rules) ? rules : undefined
  const standIns = { host: 'rule.invalid', mode: 'endpoint' }
  const allow = list?.map((rule) => sound(egressRuleSchema, rule, standIns) ?? placeholder)
  return {
    ...(filesystem && { filesystem }),
    ...(allow && { network: { allow } }),
    ...(limits && { limits }),
    ...(tools && { tools }),
  }
}

/** A quantity in its unit. Its form was checked; over the limit it is a fault. */
function quantity(
  text: string | undefined,
  read: (text: string) => number | undefined,
  most: string,
  path: Path,
  faults: Faults,
): number | undefined {
  const value = text === undefined ? undefined : read(text)
  if (text !== undefined && value === undefined)
    faults.add({ code: 'LIMIT_EXCEEDED', message: `It is more than ${most}.`, remedy: 'Write less.', path })
  return value
}

/** A written policy in the units of the engine, with hosts in their one spelling. */
function toPolicy({ filesystem, network, limits, tools }: PlanPolicy, path: Path, faults: Faults): Policy {
  const size = (field: 'memory' | 'disk') =>
    quantity(limits?.[field], sizeBytes, '8,191 TiB', [...path, 'limits', field], faults)
  const time = (field: 'wallClock' | 'idle') =>
    quantity(limits?.[field], durationMs, '365 days', [...path, 'limits', field], faults)
  const [memoryBytes, diskBytes, wallClockMs, idleMs] = [size('memory'), size('disk'), time('wallClock'), time('idle')]
  const allow = network?.allow.map((rule): EgressRule => {
    const host = canonicalHost(rule.host)
    return host.ok ? { ...rule, host: host.value } : rule
  })
  return {
    ...(filesystem && { filesystem }),
    ...(allow && { network: { allow } }),
    ...(limits && {
      limits: {
        ...(limits.cpu !== undefined && { cpu: limits.cpu }),
        ...(memoryBytes !== undefined && { memoryBytes }),
        ...(limits.pids !== undefined && { pids: limits.pids }),
        ...(diskBytes !== undefined && { diskBytes }),
        ...(wallClockMs !== undefined && { wallClockMs }),
        ...(idleMs !== undefined && { idleMs }),
      },
    }),
    ...(tools && { tools }),
  }
}

/** What is wrong with a policy beyond its shape. `value` is the map that its four fields are in. */
export function checkWrittenPolicy(value: unknown, path: Path, faults: Faults): Policy {
  const policy = toPolicy(soundPolicy(value), path, faults)
  for (const { place, ...problem } of checkPolicy(policy)) {
    const steps = place?.pointer.split('/').slice(1) ?? []
    faults.add({ ...problem, path: [...path, ...steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step))] })
  }
  return policy
}

/** A policy of a plan; `undefined` where something is wrong with it. */
export function ownPolicy(value: unknown, path: Path, faults: Faults): Policy | undefined {
  const before = faults.list.length + faults.dropped()
  const policy = checkWrittenPolicy(value, path, faults)
  return faults.list.length + faults.dropped() === before ? policy : undefined
}

function policyFields(path: Path): readonly string[] {
  return POLICY_FIELDS.get(path.map((step) => (typeof step === 'number' ? '#' : step)).join('.')) ?? []
}

/**
 * Reads a policy as it is written in a plan, such as that of a deployment. Never throws for what it holds: every problem is
 * in the result at once, with code, JSON pointer and remedy. Codes: `INVALID_INPUT`, `LIMIT_EXCEEDED`.
 */
export function parsePolicy(value: unknown): PolicyResult {
  const faults = faultList()
  const shape = policySchema.safeParse(value)
  if (!shape.success)
    for (const issue of shape.error.issues)
      for (const fault of explain(issue, value, [], policyFields)) faults.add(fault)
  const policy = checkWrittenPolicy(value, [], faults)
  if (faults.list.length === 0) return { ok: true, policy }
  const problems = faults.list.map(({ code, message, remedy, path }): Problem => ({
    code,
    message,
    place: { pointer: pointer(path) },
    ...(remedy !== undefined && { remedy }),
  }))
  return { ok: false, problems: [...problems, ...notListed(faults)] }
}
