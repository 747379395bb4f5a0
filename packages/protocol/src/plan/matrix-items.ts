import type { Json, JsonObject } from '@seamark/core'
import { ITEM_ID } from '@seamark/kit'
import type { Faults, Path } from './fault.ts'
import { isMap, jsonBytes, valuesIn } from './json-value.ts'
import { PLAN_LIMITS } from './limits.ts'
import { combinations } from './matrix.ts'
import { withNeeds } from './matrix-needs.ts'
import type { MadeItem, WrittenItems } from './matrix-needs.ts'
import { quoted } from './quoted.ts'
import type { Scope, Substitution } from './substitute.ts'

export function hasMatrix(item: Json): item is JsonObject {
  return isMap(item) && Object.hasOwn(item, 'matrix')
}

/** Puts values into items, and in the place of each item with a matrix one item for each of its combinations. */
export function writeItems(
  items: readonly Json[],
  scope: Scope | undefined,
  put: Substitution,
  faults: Faults,
): WrittenItems {
  const made: MadeItem[] = []
  const groups = new Map<string, readonly string[]>()
  let room = PLAN_LIMITS.items - items.length
  let bytes = 0
  let values = 0
  let over = false
  const stop = (message: string, path: Path): void => {
    if (!over) faults.add({ code: 'LIMIT_EXCEEDED', message, remedy: 'Make them smaller, or split the plan.', path })
    over = true
  }
  // As much as a plan may hold that says it at length.
  const fits = (part: Json, path: Path): boolean => {
    bytes += jsonBytes(part)
    values += valuesIn(part)
    const { jsonBytes: mostBytes, values: mostValues } = PLAN_LIMITS
    if (bytes > mostBytes) stop(`With its matrices written out the plan has more than ${mostBytes} bytes.`, path)
    if (values > mostValues) stop(`With its matrices written out the plan has more than ${mostValues} values.`, path)
    return !over
  }

  /** The combinations of an item by their ids, or `undefined` where something is wrong with them. */
  function idsOf(id: Json | undefined, matrix: Json, path: Path): ReadonlyMap<string, Scope[string]> | undefined {
    const written = scope === undefined ? matrix : put.of(matrix, path, scope)
    const all = combinations(written, path, faults)
    if (all === undefined) return undefined
    // Taken also where the id is none: they were made.
    room -= all.length - 1
    if (room < 0) stop(`With its matrices written out the plan has more than ${PLAN_LIMITS.items} items.`, path)
    if (typeof id !== 'string' || !ITEM_ID.test(id)) return undefined
    const ids = new Map(all.map(({ suffix, values: own }) => [id + suffix, own] as const))
    const long = [...ids.keys()].find((own) => !ITEM_ID.test(own))
    if (long === undefined) return over ? undefined : ids
    const message = `An item of the matrix would have the id ${quoted(long)}, which is longer than 63 characters.`
    faults.add({ code: 'INVALID_INPUT', message, remedy: 'Use a shorter id, or shorter values.', path })
    return undefined
  }

  /** An item as it is. One with a matrix of which something is wrong too: what else is wrong with it is told. */
  function alone(item: Json, at: number): MadeItem {
    const bare = { item, from: at, shared: false }
    if (!hasMatrix(item)) return scope === undefined ? bare : { ...bare, item: put.of(item, ['items', at], scope) }
    const { matrix = null, ...fields } = item
    const unknown = new Map(namesOf(matrix).map((name) => [name, undefined]))
    return { ...bare, item: put.of(fields, ['items', at], { ...scope, matrix: unknown }) }
  }

  for (const [at, item] of items.entries()) {
    if (!hasMatrix(item)) {
      made.push(alone(item, at))
      continue
    }
    const path = ['items', at, 'matrix']
    const { matrix = null, ...fields } = item
    const { id } = fields
    const ids = over ? undefined : idsOf(id, matrix, path)
    if (ids === undefined || typeof id !== 'string') {
      made.push(alone(item, at))
      continue
    }
    if (groups.has(id)) twice(id, at, faults)
    else groups.set(id, [...ids.keys()])
    for (const [own, values] of ids) {
      const one = put.of({ ...fields, id: own }, ['items', at], { ...scope, matrix: values })
      if (!fits(one, path)) break
      made.push({ item: one, from: at, shared: true })
    }
  }
  for (const { item, from } of made) {
    const id = isMap(item) ? item['id'] : undefined
    // What is needed by this id would be one item or all of a matrix.
    if (typeof id === 'string' && groups.has(id)) twice(id, from, faults)
  }
  const all = withNeeds(made, groups, fits, faults)
  // Nothing that is too large is checked.
  return over ? withNeeds(items.map(alone), new Map(), fits, faults) : all
}

function twice(id: string, at: number, faults: Faults): void {
  faults.add({
    code: 'INVALID_INPUT',
    message: `The id ${quoted(id)} is there twice.`,
    remedy: 'Give each item its own id.',
    path: ['items', at, 'id'],
  })
}

/** Every name that a matrix of which something is wrong may have. */
function namesOf(matrix: Json): readonly string[] {
  if (!isMap(matrix)) return []
  const entries = ['include', 'exclude'].flatMap((field) => {
    const list = matrix[field]
    return Array.isArray(list) ? list.flatMap((entry: Json) => (isMap(entry) ? Object.keys(entry) : [])) : []
  })
  return [...Object.keys(matrix), ...entries]
}
