import type { Json } from '@seamark/core'
import { faultsAt } from './fault.ts'
import type { Faults, Path } from './fault.ts'
import { isMap } from './json-value.ts'
import { PLAN_LIMITS } from './limits.ts'
import { hasMatrix, writeItems } from './matrix-items.ts'
import { linesOfWords, substitution } from './substitute.ts'
import { variablesOf } from './variables.ts'
import type { VariableValues } from './variables.ts'

/** A plan that is written out. */
export interface Expanded {
  readonly value: Json
  /** Where a part of it was written. */
  readonly source: (path: Path) => Path
}

/**
 * A plan with values in the place of its variables, with the items of matrices, and with command lines in the place of lists of
 * words.
 */
export function expand(value: Json, given: VariableValues, faults: Faults): Expanded {
  const source = (path: Path) => path
  if (!isMap(value)) return { value, source }
  const { variables: written, version, items, ...rest } = value
  const list: readonly Json[] = Array.isArray(items) && items.length <= PLAN_LIMITS.items ? items : []
  const matrices = list.some(hasMatrix)
  const open = written !== undefined || Object.keys(given).length > 0
  if (!open && !matrices) return { value: linesOfWords(value, []), source }
  const shared = open ? { vars: variablesOf(written, given, faults) } : undefined
  // What is wrong with an item is wrong with all that are written from it.
  const put = substitution(matrices ? faultsAt(faults, (path) => [...path]) : faults)
  const head = shared === undefined ? rest : put.of(rest, [], shared)
  const all = writeItems(list, shared, put, faults)
  const made = {
    ...(version !== undefined && { version }),
    ...(isMap(head) && head),
    ...(items !== undefined && { items: list.length > 0 ? all.items : items }),
  }
  return { value: linesOfWords(made, []), source: matrices ? (path) => all.source(path) : source }
}
