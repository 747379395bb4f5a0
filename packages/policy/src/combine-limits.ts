import type { LevelPolicy, PolicyProblem } from '@seamark/core'
import { LIMIT_FIELDS } from './check.ts'
import type { LimitKind } from './check.ts'
import { forbidden, sourceOf } from './combine-lists.ts'
import { mergeSources } from './meet.ts'
import type { Sourced } from './meet.ts'

export interface CombinedLimit extends Sourced<number> {
  readonly field: LimitKind['field']
}

/** The smallest of each limit, and every level that asks for it. */
export function combineLimits(levels: readonly LevelPolicy[], problems: PolicyProblem[]): readonly CombinedLimit[] {
  return LIMIT_FIELDS.flatMap(({ field, name, unit }): readonly CombinedLimit[] => {
    let sofar: CombinedLimit | undefined
    for (const level of levels) {
      const value = level.policy.limits?.[field]
      if (value === undefined) continue
      const source = sourceOf(level, `/limits/${name}`)
      if (sofar !== undefined && value > sofar.value)
        problems.push(
          forbidden(
            source,
            `An upper level allows at most ${sofar.value}${unit === '' ? '' : ` ${unit}`}.`,
            'Write no more, or leave it out.',
          ),
        )
      else sofar = { field, value, from: sofar?.value === value ? mergeSources(sofar.from, [source]) : [source] }
    }
    return sofar === undefined ? [] : [sofar]
  })
}
