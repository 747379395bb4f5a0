import type { EffectivePolicy, ItemPolicy, LevelPolicy, RunPolicies } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { effective, explainPolicy } from '@seamark/policy'
import type { PolicyView } from '../wire/policy.ts'
import { levelsAbove, says } from './deployment-policies.ts'

/** What a run recorded of the policy of one item. */
export interface RecordedPolicy {
  readonly policies?: RunPolicies
  readonly queue: string
  /** In the order of the plan. */
  readonly index: number
  readonly policy?: ItemPolicy
}

function again(levels: readonly LevelPolicy[]): EffectivePolicy | undefined {
  try {
    return effective(levels)
  } catch (error) {
    if (!isSeamError(error)) throw error
    return undefined
  }
}

/**
 * The policy that was recorded, with where each part of it came from: the levels were recorded too and are combined again.
 * Where that does not give the recorded policy, as another version did it otherwise, the recorded one counts and has no parts.
 */
export function recordedPolicy({
  policies = {},
  queue,
  index,
  policy: held,
}: RecordedPolicy): Pick<PolicyView, 'said' | 'digest' | 'policy' | 'parts'> {
  if (held === undefined) {
    const { digest, policy, parts } = effective([])
    return { said: false, digest, policy, parts }
  }
  const own = says(held.own) ? [{ level: 'item', policy: held.own, pointer: `/items/${index}` } as const] : []
  const combined = again([...levelsAbove(policies, queue), ...own])
  const { digest, policy } = held
  return { said: true, digest, policy, ...(combined?.digest === digest && { parts: combined.parts }) }
}

/** A policy in lines for a person. No line holds a control or other hidden character. */
export function policyText({ said, executor, isolation, digest, policy, parts }: PolicyView): readonly string[] {
  const [first = '', ...rest] = explainPolicy({ digest, policy, parts: parts ?? [], problems: [] })
  return [
    said ? first : 'No level says anything: these are the defaults.',
    `executor ${executor}${isolation === undefined ? '' : `, isolation ${isolation}`}`,
    ...(isolation === 'none' ? ['It isolates nothing: of what follows it holds limits at most.'] : []),
    ...(parts === undefined ? ['Where the parts came from is not known: another version combined them.'] : []),
    ...(parts === undefined ? rest.map((line) => line.replace(/ {2}\(default\)$/, '')) : rest),
  ]
}
