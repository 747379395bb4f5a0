import type { PolicyLevel, PolicySource } from '@seamark/core'

/** An entry of a list, and everything that had a say in it. */
export interface Sourced<T> {
  readonly value: T
  readonly from: readonly PolicySource[]
}

/** What a kind of entry must say of itself, so that lists of it can be combined. */
export interface Lattice<T> {
  meet(upper: T, lower: T): T | undefined
  /** Whether everything that `inner` allows is allowed by `outer`. */
  covers(outer: T, inner: T): boolean
  /** As it is written: equal for equal entries. */
  write(value: T): string
}

/** Widest first. */
export const LEVELS: readonly PolicyLevel[] = ['deployment', 'parent', 'queue', 'agent', 'version', 'item']

/** Sources without repetition, widest level first. */
export function mergeSources(...lists: readonly (readonly PolicySource[])[]): readonly PolicySource[] {
  const all = new Map(lists.flat().map((source) => [`${source.level} ${source.pointer}`, source]))
  const order = (source: PolicySource) => LEVELS.indexOf(source.level)
  return [...all.values()].sort((a, b) => order(a) - order(b) || (a.pointer < b.pointer ? -1 : 1))
}

/** Entries in the order of their text, equal ones as one, and none that another covers. */
export function maximal<T>(entries: readonly Sourced<T>[], lattice: Lattice<T>): readonly Sourced<T>[] {
  const byText = new Map<string, Sourced<T>>()
  for (const entry of entries) {
    const text = lattice.write(entry.value)
    const same = byText.get(text)
    byText.set(text, same === undefined ? entry : { value: entry.value, from: mergeSources(same.from, entry.from) })
  }
  const distinct = [...byText]
  return distinct
    .filter(([text, { value }]) =>
      distinct.every(([other, outer]) => other === text || !lattice.covers(outer.value, value)),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, entry]) => entry)
}

/** What both lists allow, or `undefined` where more than `limit` entries are needed to say it. */
export function meetLists<T>(
  upper: readonly Sourced<T>[],
  lower: readonly Sourced<T>[],
  lattice: Lattice<T>,
  limit: number,
): readonly Sourced<T>[] | undefined {
  const both = new Map<string, Sourced<T>>()
  for (const a of upper)
    for (const b of lower) {
      const value = lattice.meet(a.value, b.value)
      if (value === undefined) continue
      const text = lattice.write(value)
      const from = mergeSources(a.from, b.from, both.get(text)?.from ?? [])
      both.set(text, { value, from })
      if (both.size > limit) return undefined
    }
  return maximal([...both.values()], lattice)
}
