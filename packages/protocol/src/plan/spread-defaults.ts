import type { Json, JsonObject } from '@seamark/core'
import type { z } from 'zod'
import { explain, valueAt, withoutBadFields } from './explain.ts'
import type { Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { isMap, jsonBytes } from './json-value.ts'
import { itemDefaultsSchema, SPREAD_FIELDS, spreadSchema } from './schema.ts'
import { setMember } from './source.ts'

// Each entry of these lists has its own part of the defaults.
const LISTS = ['gates', 'services'] as const

/** Both values; of what both say, the second. Maps are joined, lists and single values are not. */
function joined(under: Json | undefined, over: Json | undefined): Json {
  if (over === undefined) return under ?? null
  if (!isMap(under) || !isMap(over)) return over
  const both: Record<string, Json> = { ...under }
  // The readers refuse the one name that can not be set.
  for (const [key, value] of Object.entries(over)) setMember(both, key, joined(under[key], value), () => undefined)
  return both
}

/** What of a map has the right shape; the rest is a fault. */
function sound(schema: z.ZodType, value: Json | undefined, path: Path, faults: Faults): JsonObject {
  if (value === undefined) return {}
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    for (const issue of parsed.error.issues) for (const fault of explain(issue, value, path)) faults.add(fault)
  if (!isMap(value)) return {}
  const { bad } = withoutBadFields(value, parsed.error?.issues ?? [])
  return Object.fromEntries(Object.entries(value).filter(([key]) => !bad.has(key)))
}

function split(map: JsonObject, fields: readonly string[]): readonly [JsonObject, JsonObject] {
  const entries = Object.entries(map)
  return [
    Object.fromEntries(entries.filter(([key]) => fields.includes(key))),
    Object.fromEntries(entries.filter(([key]) => !fields.includes(key))),
  ]
}

/**
 * A plan with the defaults that its parts have from a level above written into them: what gates and services have from their item or
 * the plan, and what items have from the plan. The defaults that every plan has had are applied where items are checked.
 */
export function spreadDefaults(value: Json, faults: Faults): Json {
  if (!isMap(value) || !Array.isArray(value['items'])) return value
  const items: readonly Json[] = value['items']
  const [written, kept] = isMap(value['defaults']) ? split(value['defaults'], SPREAD_FIELDS) : [{}, value['defaults']]
  const any = Object.keys(written).length > 0
  if (items.length > PLAN_LIMITS.items || (!any && !items.some((item) => isMap(item) && 'defaults' in item)))
    return value
  const shared = sound(spreadSchema, written, ['defaults'], faults)
  const [ofLists, ofItems] = split(shared, LISTS)
  let bytes = 0

  function count(part: JsonObject, times: number): boolean {
    if (times > 0) bytes += jsonBytes(part) * times
    if (bytes <= PLAN_LIMITS.totalItemBytes) return true
    const message = `Written into each item, the defaults take more than ${PLAN_LIMITS.totalItemBytes} bytes.`
    faults.add({ code: 'LIMIT_EXCEEDED', message, remedy: 'Make them smaller, or split the plan.', path: ['defaults'] })
    return false
  }

  function spreadItem(item: Json, at: number): Json | undefined {
    if (!isMap(item)) return item
    const { defaults, ...rest } = item
    const own = sound(itemDefaultsSchema, defaults, ['items', at, 'defaults'], faults)
    let result = rest
    for (const [field, part] of Object.entries(ofItems)) result = { ...result, [field]: joined(part, result[field]) }
    for (const field of LISTS) {
      const entries = result[field]
      if (!Array.isArray(entries) || (own[field] === undefined && ofLists[field] === undefined)) continue
      const part = joined(ofLists[field], own[field])
      if (!isMap(part) || !count(part, entries.length)) return undefined
      result = { ...result, [field]: entries.map((entry: Json) => (isMap(entry) ? joined(part, entry) : entry)) }
    }
    return result
  }

  const { defaults: _, ...head } = value
  const rest = {
    ...head,
    ...(kept !== undefined && (!isMap(kept) || Object.keys(kept).length > 0) && { defaults: kept }),
  }
  if (!count(ofItems, items.length)) return { ...rest, items }
  const made: Json[] = []
  for (const [at, item] of items.entries()) {
    const one = spreadItem(item, at)
    if (one === undefined) return { ...rest, items }
    made.push(one)
  }
  return { ...rest, items: made }
}

/** Where a part of a plan with its defaults was written in the plan without. */
export function beforeSpread(value: Json, path: Path): Path {
  const [top, item, field, ...inside] = path
  if (top !== 'items' || typeof field !== 'string' || !SPREAD_FIELDS.includes(field)) return path
  if (valueAt(value, path) !== undefined) return path
  // The defaults say it once for all entries of a list.
  const said = LISTS.some((list) => list === field) ? inside.slice(1) : inside
  const places: Path[] = [
    ['items', item ?? 0, 'defaults', field, ...said],
    ['defaults', field, ...said],
  ]
  return places.find((place) => valueAt(value, place) !== undefined) ?? path
}
