import type { EgressRule, Json, LevelPolicy, Policy, PolicyPart } from '@seamark/core'
import type { CombinedLimit } from './combine-limits.ts'
import { sourceOf } from './combine-lists.ts'
import type { Sourced } from './meet.ts'

/** A list of a policy and its entries as they are written. */
interface ListOfParts {
  readonly at: string
  readonly of: (policy: Policy) => readonly unknown[] | undefined
  readonly entries: readonly Sourced<Json>[]
}

export function ruleJson(rule: EgressRule): Json {
  return { ...rule, ...(rule.methods && { methods: [...rule.methods] }), ...(rule.paths && { paths: [...rule.paths] }) }
}

/** Every part with where it came from: entries one by one, and a list that is empty as a whole. */
export function partsOf(
  levels: readonly LevelPolicy[],
  lists: readonly ListOfParts[],
  limits: readonly CombinedLimit[],
): readonly PolicyPart[] {
  const entries = lists.flatMap(({ at, of, entries: list }): readonly PolicyPart[] => {
    if (list.length > 0) return list.map(({ value, from }, index) => ({ pointer: `${at}/${index}`, value, from }))
    const from = levels.filter(({ policy }) => of(policy) !== undefined).map((level) => sourceOf(level, at))
    return [{ pointer: at, value: [], from }]
  })
  return [...entries, ...limits.map(({ field, value, from }) => ({ pointer: `/limits/${field}`, value, from }))]
}
