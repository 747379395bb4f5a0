import type { ItemSpec, Json, Plan, Problem, RunPolicies, SetupSpec, SpendLimits, WorkspaceSource } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import canonicalize from 'canonicalize'
import type { PlanFormat } from '../wire/submit.ts'
import { agentVersions } from './agent-version.ts'
import type { AgentVersions } from './agent-version.ts'
import type { PlanDeployment } from './deployment.ts'
import { durationMs } from './duration.ts'
import { expand } from './expand.ts'
import { explain, withoutBadFields } from './explain.ts'
import { faultList, faultsAt } from './fault.ts'
import type { Faults } from './fault.ts'
import { policyMaker } from './item-policy.ts'
import { checkItems } from './items.ts'
import { readJson } from './json-source.ts'
import { PLAN_LIMITS } from './limits.ts'
import { nameResolver } from './names.ts'
import { steps, toProblems } from './place.ts'
import { ownPolicy } from './policy.ts'
import { planHeadSchema } from './schema.ts'
import { decode, SourceStop } from './source.ts'
import { budgetLimits, requireMeter } from './spending.ts'
import { beforeSpread, spreadDefaults } from './spread-defaults.ts'
import type { VariableValues } from './variables.ts'
import { checkSetup, checkWorkspace } from './workspace.ts'
import { readYaml } from './yaml-source.ts'

/** A plan that can run here, with every default applied. */
export interface CheckedPlan {
  /** SHA-256, lower-case hex, of the RFC 8785 canonical JSON of the plan, with what its text leaves to expansion written out. */
  readonly digest: string
  readonly name?: string
  /** `budget.wallClock`. */
  readonly timeoutMs?: number
  /** What all attempts of the run may spend together. */
  readonly budget?: SpendLimits
  readonly setup?: SetupSpec
  /** Without `git` it is an empty folder; with it, `ref` is there too. */
  readonly workspace: Omit<WorkspaceSource, 'from'>
  /** In the order of the plan; `needs` are indexes into it. */
  readonly items: readonly ItemSpec[]
  /** What the levels above the items say. */
  readonly policies?: RunPolicies
}

/** All problems at once, in the order of the text, each with its place. */
export interface RefusedPlan {
  readonly ok: false
  readonly problems: readonly Problem[]
  /** Versions of agents that it names and that `PlanDeployment.versions` says nothing of: look them up and parse it again. */
  readonly versions?: readonly string[]
}

export type PlanResult = { readonly ok: true; readonly plan: CheckedPlan } | RefusedPlan

export interface ParsePlanOptions {
  /** Without it, text that begins with `{` is JSON and any other is YAML. */
  readonly format?: PlanFormat
  readonly deployment: PlanDeployment
  /** Of the variables that the plan declares. */
  readonly variables?: VariableValues
  /** What is wrong with the plan and showed only later, by its pointer: it is placed in the text, and the plan refused. */
  readonly found?: readonly Problem[]
}

function isJson(text: string, format: PlanFormat | undefined): boolean {
  return format === undefined ? /^\s*\{/.test(text) : format === 'json'
}

function tooLong(bytes: number, json: boolean): Problem | undefined {
  const limit = json ? PLAN_LIMITS.jsonBytes : PLAN_LIMITS.yamlBytes
  if (bytes <= limit) return undefined
  return {
    code: 'LIMIT_EXCEEDED',
    message: `The plan has ${bytes} bytes; as ${json ? 'JSON' : 'YAML'} at most ${limit} are allowed.`,
    remedy: json ? 'Split it into several plans.' : 'Write it as JSON, or split it into several plans.',
    place: { pointer: '', line: 1, column: 1 },
  }
}

/** Everything but the items; of a head with errors, the fields that have none. */
function readHead(
  value: Json,
  faults: Faults,
): { plan: Omit<Plan, 'items'>; raw: readonly unknown[]; defaultsKnown: boolean } {
  const raw = typeof value === 'object' && value !== null && 'items' in value ? value['items'] : undefined
  const list: readonly unknown[] = Array.isArray(raw) ? raw : []
  const head = planHeadSchema.safeParse(value)
  if (head.success) return { plan: head.data, raw: list, defaultsKnown: true }
  for (const issue of head.error.issues) for (const fault of explain(issue, value, [])) faults.add(fault)
  const { rest, bad } = withoutBadFields(value, head.error.issues)
  const again = planHeadSchema.safeParse({ ...rest, version: 1, items: [null] })
  const defaultsKnown = again.success && !bad.has('defaults') && !bad.has('queue')
  return { plan: again.data ?? { version: 1 }, raw: list, defaultsKnown }
}

/** Everything between a value and a plan that can run. Faults say what is wrong. */
function check(
  value: Json,
  deployment: PlanDeployment,
  versions: AgentVersions,
  faults: Faults,
): Omit<CheckedPlan, 'digest'> | undefined {
  if (value === null) {
    faults.add({
      code: 'INVALID_INPUT',
      message: 'The plan is empty.',
      remedy: 'Write version: 1 and items.',
      path: [],
    })
    return undefined
  }
  const { plan, raw, defaultsKnown } = readHead(value, faults)
  if (plan.name !== undefined && /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(plan.name))
    faults.add({ code: 'INVALID_INPUT', message: 'The name holds hidden characters.', path: ['name'] })
  if (plan.include !== undefined)
    faults.add({
      code: 'UNSUPPORTED',
      message: 'The files that a plan includes are read where it is submitted from, and not here.',
      remedy: `Give seamark the file of the plan, with at most ${PLAN_LIMITS.filesBytes} bytes, or write the items into it.`,
      path: ['include'],
      part: 'key',
    })
  const planDefaults = {
    ...(plan.queue !== undefined && { queue: plan.queue }),
    ...(plan.defaults?.executor !== undefined && { executor: plan.defaults.executor }),
    ...(plan.defaults?.runtime !== undefined && { runtime: plan.defaults.runtime }),
    ...(plan.defaults?.agent !== undefined && { agent: plan.defaults.agent }),
  }
  const names = nameResolver(deployment, planDefaults, faults, defaultsKnown)
  const workspace = checkWorkspace(plan, faults)
  const setup = checkSetup(plan, faults)
  const wallClock = plan.budget?.wallClock
  const timeoutMs = wallClock === undefined ? undefined : durationMs(wallClock)
  if (wallClock !== undefined && timeoutMs === undefined)
    faults.add({
      code: 'LIMIT_EXCEEDED',
      message: 'A duration is longer than 365 days.',
      path: ['budget', 'wallClock'],
    })
  const maker = policyMaker(deployment, faults)
  const items = checkItems(raw, plan, names, maker, versions, deployment, faults)
  const budget = budgetLimits(plan.budget, ['budget'], faults)
  // What items reach is known once nothing is wrong with them.
  if (budget !== undefined && faults.list.length === 0) requireMeter(items, ['budget'], faults)
  const own = setup && ownPolicy(plan.workspace?.setup?.policy ?? {}, ['workspace', 'setup', 'policy'], faults)
  const executors = items.map(({ executor }) => executor)
  const ofSetup = setup && own && maker.ofSetup(setup, own, executors)
  const policies = maker.policies()
  return {
    ...(plan.name !== undefined && { name: plan.name }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(budget !== undefined && { budget }),
    ...(setup !== undefined && { setup: { ...setup, ...(ofSetup && { policy: ofSetup }) } }),
    ...(policies && { policies }),
    workspace,
    items,
  }
}

/**
 * Reads and checks a plan against what a deployment has. Never throws for what a plan holds: every
 * problem is in the result, with code, JSON pointer, line and column. Time and memory are linear in
 * the text; `parsePlanIsolated` bounds both.
 */
export function parsePlan(plan: string | Uint8Array, options: ParsePlanOptions): PlanResult {
  const faults = faultList()
  let text = ''
  try {
    const bytes = typeof plan === 'string' ? Buffer.byteLength(plan) : plan.byteLength
    const over = tooLong(bytes, true)
    if (over !== undefined) return { ok: false, problems: [over] }
    text = (typeof plan === 'string' ? plan : decode(plan)).replace(/^\uFEFF/, '')
    const json = isJson(text, options.format)
    const overFormat = tooLong(bytes, json)
    if (overFormat !== undefined) return { ok: false, problems: [overFormat] }
    if (!text.isWellFormed())
      throw new SourceStop({ code: 'INVALID_INPUT', message: 'The text holds half of a surrogate pair.', path: [] })
    const reading = json ? readJson(text, faults) : readYaml(text, faults)
    if (!reading.ok) return { ok: false, problems: toProblems(faults, text, undefined) }
    const { document } = reading
    const { value: written, source } = expand(document.value, options.variables ?? {}, faults)
    const value = spreadDefaults(written, faultsAt(faults, source))
    const placed = faultsAt(faults, (path) => source(value === written ? path : beforeSpread(written, path)))
    const versions = agentVersions(options.deployment, placed)
    const checked = check(value, options.deployment, versions, placed)
    for (const { place, ...problem } of options.found ?? [])
      placed.add({ ...problem, path: steps(place?.pointer ?? '') })
    if (checked === undefined || faults.list.length > 0)
      return {
        ok: false,
        problems: toProblems(faults, text, document),
        ...(versions.unknown().length > 0 && { versions: versions.unknown() }),
      }
    return { ok: true, plan: { digest: sha256Hex(canonicalize(value) ?? ''), ...checked } }
  } catch (error) {
    if (!(error instanceof SourceStop)) throw error
    // Bytes that are not UTF-8 have no text yet; up to the bad one any decoding is the same.
    if (typeof plan !== 'string' && text === '') text = new TextDecoder().decode(plan)
    faults.add(error.fault)
    return { ok: false, problems: toProblems(faults, text, undefined) }
  }
}
