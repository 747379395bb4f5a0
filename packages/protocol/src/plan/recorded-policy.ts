import type { EffectivePolicy, ItemPolicy, LevelPolicy, Policy, PolicyPart, RunPolicies } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { effective, explainPolicy, type ExplainOptions } from '@seamark/policy'
import type { PolicyView, SetupPolicyView } from '../wire/policy.ts'
import { levelsAbove, levelsAboveSetup, says, setupPart } from './deployment-policies.ts'

/** What a run recorded of the policy of one item. */
export interface RecordedPolicy {
  readonly policies?: RunPolicies
  readonly queue: string
  readonly agent?: string
  /** Digest of the version of that agent. */
  readonly version?: string
  /** In the order of the plan, or of the list in which it was added. */
  readonly index: number
  readonly policy?: ItemPolicy
  /** Of an item that another one added: what that one may use, where any level said something. */
  readonly parent?: { readonly policy?: Policy }
}

/** What a run recorded of the policy of its set-up. */
export type RecordedSetupPolicy = Pick<RecordedPolicy, 'policies' | 'policy'>

function again(levels: readonly LevelPolicy[]): EffectivePolicy | undefined {
  try {
    return effective(levels)
  } catch (error) {
    if (!isSeamError(error)) throw error
    return undefined
  }
}

/** What was recorded counts; its parts only where the levels still give the same. */
function told(
  held: ItemPolicy | undefined,
  levels: (own: ItemPolicy['own']) => readonly LevelPolicy[],
): SetupPolicyView {
  if (held === undefined) {
    const { digest, policy, parts } = effective([])
    return { said: false, digest, policy, parts }
  }
  const { digest, policy, own } = held
  const combined = again(levels(own))
  return { said: true, digest, policy, ...(combined?.digest === digest && { parts: combined.parts }) }
}

/**
 * The policy that was recorded, with where each part of it came from: the levels were recorded too and are combined again.
 * Where that does not give the recorded policy, as another version did it otherwise, the recorded one counts and has no parts.
 */
export function recordedPolicy({
  policies = {},
  queue,
  agent,
  version,
  index,
  policy,
  parent,
}: RecordedPolicy): Pick<PolicyView, 'said' | 'digest' | 'policy' | 'parts'> {
  return told(policy, (own) => [
    ...levelsOver(levelsAbove(policies, queue, agent, version), parent),
    ...(says(own) ? [{ level: 'item', policy: own, pointer: `/items/${index}` } as const] : []),
  ])
}

/** The policy of a parent stands for what it was itself made of; where nothing was said of it, it reaches no host. */
function levelsOver(above: readonly LevelPolicy[], parent: RecordedPolicy['parent']): readonly LevelPolicy[] {
  if (parent === undefined) return above
  const { policy = { network: { allow: [] } } } = parent
  return [{ level: 'parent', policy }, ...above.filter(({ level }) => level === 'agent' || level === 'version')]
}

/** As `recordedPolicy`, of the set-up of a run. */
export function recordedSetupPolicy({ policies = {}, policy }: RecordedSetupPolicy): SetupPolicyView {
  const { parts, ...view } = told(policy, (own = {}) => [
    ...levelsAboveSetup(policies, own),
    ...(says(own) ? [{ level: 'item', policy: own, pointer: '/workspace/setup/policy' } as const] : []),
  ])
  return { ...view, ...(parts && { parts: parts.map((part) => setupPart(policies, part)) }) }
}

type Otherwise = Pick<ExplainOptions, 'otherwise'>

function setupText({ said, digest, policy, parts }: SetupPolicyView, held: Otherwise): readonly string[] {
  const told = { digest, policy, parts: parts ?? [], problems: [] }
  const [first = '', ...rest] = explainPolicy(told, { of: 'set-up', ...held })
  return [
    said ? `set-up, ${first}` : 'set-up: nothing is said of it, these are the defaults.',
    'It sees its key files only.',
    ...whence(parts, rest),
  ]
}

function whence(parts: readonly PolicyPart[] | undefined, lines: readonly string[]): readonly string[] {
  if (parts !== undefined) return lines
  const bare = lines.map((line) => line.replace(/ {2}\(default\)$/, ''))
  return ['Where the parts came from is not known: other levels than those that were recorded had a say.', ...bare]
}

/** A policy in lines for a person, then that of the set-up where there is one. No line holds a control or other hidden character. */
export function policyText({
  said,
  executor,
  isolation,
  defaultLimits,
  mostLimits,
  parent,
  digest,
  policy,
  parts,
  setup,
}: PolicyView): readonly string[] {
  const held: Otherwise = {
    otherwise: { executor, ...(defaultLimits && { limits: defaultLimits }), ...(mostLimits && { most: mostLimits }) },
  }
  const [first = '', ...rest] = explainPolicy({ digest, policy, parts: parts ?? [], problems: [] }, held)
  return [
    said ? first : 'No level says anything: these are the defaults.',
    `executor ${executor}${isolation === undefined ? '' : `, isolation ${isolation}`}`,
    ...(parent === undefined ? [] : [`added by ${parent}, which gives it no more than it has itself`]),
    ...(isolation === 'none' ? ['It isolates nothing: of what follows it holds limits at most.'] : []),
    ...whence(parts, rest),
    ...(setup === undefined ? [] : setupText(setup, held)),
  ]
}
