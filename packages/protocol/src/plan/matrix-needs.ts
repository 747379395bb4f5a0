import type { Json } from '@seamark/core'
import type { Faults, Path } from './fault.ts'
import { isMap } from './json-value.ts'
import { PLAN_LIMITS } from './limits.ts'
import { quoted } from './quoted.ts'

/** Items with those of matrices written out. */
export interface WrittenItems {
  readonly items: readonly Json[]
  /** Where a part of the items was written. */
  source(path: Path): Path
}

export interface MadeItem {
  readonly item: Json
  /** Index of the item that it is written from. */
  readonly from: number
  /** Whether others are written from it too. */
  readonly shared: boolean
}

/** Ids of the items of a matrix, by the id that they are needed by together. */
export type Groups = ReadonlyMap<string, readonly string[]>

/** One need as it is written out, and the step of the path to where it was written. */
interface Need {
  readonly written: string | number
  /** Name of an input; absent in a list. */
  readonly name?: string
  readonly need: Json
}

function idOf(need: Json): string | undefined {
  const id = isMap(need) ? need['from'] : need
  return typeof id === 'string' ? id : undefined
}

function entriesOf(needs: Json | undefined): readonly (readonly [string | number, Json])[] {
  if (!Array.isArray(needs)) return isMap(needs) ? Object.entries(needs) : []
  const list: readonly Json[] = needs
  return [...list.entries()]
}

/** The ids that a need of a matrix stands for. */
function idsOf(need: Json, inputs: boolean, groups: Groups): readonly string[] | undefined {
  return isMap(need) === inputs ? groups.get(idOf(need) ?? '') : undefined
}

/** A need of a matrix, of each of its items. */
function* each(step: string | number, need: Json, ids: readonly string[]): Generator<Need> {
  const length = idOf(need)?.length ?? 0
  for (const id of ids)
    yield {
      written: step,
      need: isMap(need) ? { ...need, from: id } : id,
      // An input of each, called as the item is.
      ...(typeof step === 'string' && { name: step + id.slice(length) }),
    }
}

/** Items in which a need of the id of a matrix is one of each of its items. */
export function withNeeds(
  made: readonly MadeItem[],
  groups: Groups,
  fits: (part: Json, path: Path) => boolean,
  faults: Faults,
): WrittenItems {
  let over = false
  const told = new Set<number>()
  const places = new Map<number, ReadonlyMap<string | number, string | number>>()

  /** The needs of an item with every item of a matrix in its place, or `undefined` where there is none among them. */
  function written(needs: Json | undefined, from: number, path: Path): readonly Need[] | undefined {
    const inputs = isMap(needs)
    const entries = entriesOf(needs).map(([step, need]) => [step, need, idsOf(need, inputs, groups)] as const)
    if (entries.every(([, , ids]) => ids === undefined)) return undefined
    // Before any is made.
    const many = entries.reduce((sum, [, , ids]) => sum + (ids?.length ?? 1), 0)
    if (many > PLAN_LIMITS.needsPerItem) {
      const message = `With all items of matrices an item has ${many} needs; at most ${PLAN_LIMITS.needsPerItem} are allowed.`
      const remedy = 'Put an item between them that needs a part of them.'
      if (!told.has(from)) faults.add({ code: 'LIMIT_EXCEEDED', message, remedy, path })
      told.add(from)
      return []
    }
    const made: Need[] = []
    for (const [step, need, ids] of entries) {
      const name = typeof step === 'string' ? { name: step } : {}
      for (const one of ids === undefined ? [{ written: step, need, ...name }] : each(step, need, ids)) {
        over = !fits(one.need, path)
        if (over) return made
        made.push(one)
      }
    }
    return made
  }

  function needsOf(needs: readonly Need[], at: number, path: Path): Json {
    places.set(at, new Map(needs.map((one, index) => [one.name ?? index, one.written])))
    const list = needs.map(({ need }) => need)
    if (needs.every(({ name }) => name === undefined)) return list
    const map = new Map<string, Json>()
    for (const { name = '', need, written: step } of needs) {
      if (map.has(name)) {
        const message = `Two inputs would have the name ${quoted(name)}.`
        faults.add({ code: 'INVALID_INPUT', message, remedy: 'Use another name.', path: [...path, step] })
      }
      map.set(name, need)
    }
    return Object.fromEntries(map)
  }

  const items = made.map(({ item, from }, at): Json => {
    const path = ['items', from, 'needs']
    const needs = isMap(item) && !over ? written(item['needs'], from, path) : undefined
    if (!isMap(item) || needs === undefined) return item
    return { ...item, needs: needsOf(needs, at, path) }
  })
  return {
    items,
    source(path) {
      const [top, at, ...rest] = path
      const one = top === 'items' && typeof at === 'number' ? made[at] : undefined
      if (one === undefined || typeof at !== 'number') return path
      const [field, step, ...inside] = rest
      const was = field === 'needs' && step !== undefined ? places.get(at)?.get(step) : undefined
      if (one.from === at && !one.shared && was === undefined) return path
      return ['items', one.from, ...(was === undefined ? rest : ['needs', was, ...inside])]
    },
  }
}
