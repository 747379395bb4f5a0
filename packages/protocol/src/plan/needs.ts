import type { NeedSpec, PlanItem } from '@seamark/core'
import { meant, NAME } from '@seamark/kit'
import type { Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { literalPath } from './paths.ts'
import { quoted } from './quoted.ts'

/** What `needs` may refer to: item ids with their index, and the items themselves. */
export interface NeedScope {
  readonly index: ReadonlyMap<string, number>
  /** `undefined` for an item whose shape is wrong. */
  item(index: number): PlanItem | undefined
  /** Whether the agent of an item declares an output, or may do so. */
  agentDeclares(item: PlanItem, path: string): boolean
}

function target(id: string, path: Path, scope: NeedScope, faults: Faults): number | undefined {
  const from = scope.index.get(id)
  if (from !== undefined) return from
  // Comparing with every id of a large plan for every dangling need would be quadratic.
  const worthwhile = scope.index.size <= 1_000 && faults.dropped() === 0
  const guess = worthwhile ? meant(id, [...scope.index.keys()]) : undefined
  faults.add({
    code: 'INVALID_INPUT',
    message: `No item has the id ${quoted(id)}.`,
    remedy: guess === undefined ? 'Name an item of this plan.' : `Did you mean ${quoted(guess)}?`,
    path,
  })
  return undefined
}

/** Where an input's product can not be there, says so. */
function checkSelect(
  select: NonNullable<NeedSpec['select']>,
  from: number,
  path: Path,
  scope: NeedScope,
  faults: Faults,
): void {
  const item = scope.item(from)
  if (item === undefined) return
  if (select === 'workspace' && item.keepWorkspace === false)
    faults.add({
      code: 'INVALID_INPUT',
      message: `The workspace of ${quoted(item.id)} is not kept.`,
      remedy: 'Take out keepWorkspace: false there.',
      path: [...path, 'select'],
    })
  if (typeof select === 'string') return
  const declared = (item.outputs ?? []).some(({ path: output }) => {
    const checked = literalPath(output)
    return checked.ok && checked.value === select.output
  })
  if (!declared && !scope.agentDeclares(item, select.output))
    faults.add({
      code: 'INVALID_INPUT',
      message: `${quoted(item.id)} declares no output ${quoted(select.output)}.`,
      remedy: 'Declare it under outputs of that item.',
      path: [...path, 'select', 'output'],
    })
}

/** The needs of an item by index; a need that is written twice counts once. */
export function resolveNeeds(
  needs: PlanItem['needs'],
  path: Path,
  scope: NeedScope,
  faults: Faults,
): readonly NeedSpec[] {
  if (needs === undefined) return []
  const resolved: NeedSpec[] = []
  const count = Array.isArray(needs) ? needs.length : Object.keys(needs).length
  if (count > PLAN_LIMITS.needsPerItem) {
    faults.add({
      code: 'LIMIT_EXCEEDED',
      message: `An item has ${count} needs; at most ${PLAN_LIMITS.needsPerItem} are allowed.`,
      remedy: 'Put an item between them that needs a part of them.',
      path,
    })
    return []
  }
  if (isList(needs)) {
    const seen = new Set<number>()
    for (const [at, id] of needs.entries()) {
      const from = target(id, [...path, at], scope, faults)
      if (from === undefined || seen.has(from)) continue
      seen.add(from)
      resolved.push({ from })
    }
    return resolved
  }
  for (const [name, need] of Object.entries(needs)) {
    const place = [...path, name]
    if (!NAME.test(name))
      faults.add({
        code: 'INVALID_INPUT',
        message: `${quoted(name)} is no name of an input.`,
        remedy: 'Use 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.',
        path: place,
        part: 'key',
      })
    const from = target(need.from, [...place, 'from'], scope, faults)
    if (from === undefined) continue
    const select = need.select === undefined ? undefined : normalised(need.select, place, faults)
    if (select !== undefined) checkSelect(select, from, place, scope, faults)
    resolved.push(select === undefined ? { from } : { name, from, select })
  }
  return resolved
}

function isList(needs: NonNullable<PlanItem['needs']>): needs is readonly string[] {
  return Array.isArray(needs)
}

function normalised(select: NonNullable<NeedSpec['select']>, path: Path, faults: Faults): NeedSpec['select'] {
  if (typeof select === 'string') return select
  const checked = literalPath(select.output)
  if (checked.ok) return { output: checked.value }
  faults.add({
    code: 'INVALID_INPUT',
    message: checked.message,
    remedy: checked.remedy,
    path: [...path, 'select', 'output'],
  })
  return undefined
}
