import type { ItemSpec } from '@seamark/core'
import { newItem } from './fold-items.ts'
import type { Item } from './state.ts'

/**
 * An item of a run as a snapshot has it, by what is its own: of the spec what is not as in the item before it, of the rest
 * what is not as at the beginning. Most of a large run's items are alike and wait, or are over.
 */
export interface SavedItem extends Partial<Omit<Item, 'index' | 'id' | 'spec'>> {
  readonly spec: Partial<ItemSpec>
  /** What the spec of the item before it has and this one has not. */
  readonly gone?: readonly string[]
}

export function saveItems(items: readonly Item[]): SavedItem[] {
  let before: ItemSpec | undefined
  return items.map(({ index, id, spec, ...rest }) => {
    const { index: _, id: __, spec: ___, ...beginning } = newItem(index, id, spec)
    // Sorted, so that a recovered state is saved as the one it was: their order is that of whoever made the object.
    const gone = Object.keys(before ?? {})
      .filter((key) => !Object.hasOwn(spec, key))
      .toSorted()
    const own = { ...changes(rest, beginning), spec: changes(spec, before) }
    before = spec
    return gone.length > 0 ? { ...own, gone } : own
  })
}

export function loadItems(saved: readonly SavedItem[]): Item[] {
  let before: Partial<ItemSpec> = {}
  return saved.map(({ gone = [], ...item }, index) => {
    const spec: Partial<ItemSpec> = { ...without(before, gone), ...item.spec }
    if (!isWhole(spec)) throw new TypeError(`Item ${index} of a snapshot has no specification.`)
    before = spec
    return { ...newItem(index, spec.id, spec), ...item, spec }
  })
}

function without(spec: Partial<ItemSpec>, gone: readonly string[]): Partial<ItemSpec> {
  return gone.length === 0 ? spec : Object.fromEntries(Object.entries(spec).filter(([key]) => !gone.includes(key)))
}

/** The properties of `value` that `base` does not have, or has with another value. */
function changes<T extends object>(value: T, base: T | undefined): Partial<T> {
  const found: Partial<T> = {}
  for (const key in value) if (base === undefined || base[key] !== value[key]) found[key] = value[key]
  return found
}

// The digest has shown that this is what `saveItems` of the same fold version made.
function isWhole(spec: Partial<ItemSpec>): spec is ItemSpec {
  return spec.id !== undefined && spec.run !== undefined
}
