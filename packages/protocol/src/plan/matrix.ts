import type { Json } from '@seamark/core'
import { meant } from '@seamark/kit'
import { explain } from './explain.ts'
import type { Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { quoted } from './quoted.ts'
import { matrixSchema, VARIABLE_NAME } from './schema.ts'
import type { VariableValue } from './variables.ts'

/** One item of a matrix. */
export interface Combination {
  /** What its id has after that of the item, with `-` in front. */
  readonly suffix: string
  /** What `${{ matrix.NAME }}` stands for in it. */
  readonly values: ReadonlyMap<string, VariableValue>
}

type Entry = Readonly<Record<string, VariableValue>>
type Values = Map<string, VariableValue>

interface Matrix {
  readonly lists: ReadonlyMap<string, readonly VariableValue[]>
  readonly include: readonly Entry[]
  readonly exclude: readonly Entry[]
}

const FIELDS = ['include', 'exclude'] as const

/** A value as a part of an id; empty where it has no letter and no digit. */
function idPart(value: VariableValue): string {
  return String(value)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}

function isField(name: string): name is (typeof FIELDS)[number] {
  return FIELDS.some((field) => field === name)
}

/** The parts of a matrix, or `undefined` where something is wrong with it, which has been told. */
function read(written: Json, path: Path, faults: Faults): Matrix | undefined {
  const parsed = matrixSchema.safeParse(written)
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      for (const fault of explain(issue, written, path, () => FIELDS)) faults.add(fault)
    return undefined
  }
  const before = faults.list.length + faults.dropped()
  const faulty = () => faults.list.length + faults.dropped() > before
  const refuse = (message: string, remedy: string, at: Path, part: 'key' | 'value' = 'value') =>
    faults.add({ code: 'INVALID_INPUT', message, remedy, path: at, part })
  const lists = new Map<string, readonly VariableValue[]>()
  const entries = { include: new Array<Entry>(), exclude: new Array<Entry>() }
  const names = new Set<string>()
  const called = (name: string, at: Path) => {
    names.add(name)
    if (!VARIABLE_NAME.test(name))
      refuse(
        `${quoted(name)} is no name in a matrix.`,
        'Use 1 to 63 letters, digits, "_" and "-", beginning with a letter.',
        at,
        'key',
      )
  }
  for (const [name, list] of Object.entries(parsed.data)) {
    const kept: VariableValue[] = []
    if (!isField(name)) called(name, [...path, name])
    for (const [at, one] of list.entries()) {
      const place = [...path, name, at]
      if (isField(name) !== (typeof one === 'object'))
        if (isField(name)) refuse(`An entry of ${name} is a map.`, 'Write { NAME: VALUE }.', place)
        else refuse(`A value of a matrix is no map.`, 'Write a text, a number, true or false.', place)
      else if (typeof one === 'object') {
        if (isField(name)) entries[name].push(one)
        for (const key of Object.keys(one)) called(key, [...place, key])
      } else if (idPart(one) === '')
        refuse(
          `No id can be made of ${quoted(String(one))}.`,
          'Use a value with a letter from a to z or a digit, and give this one by include.',
          place,
        )
      else kept.push(one)
    }
    if (!isField(name)) lists.set(name, kept)
  }
  const over = overLimit(lists, entries, names.size)
  if (over !== undefined)
    faults.add({ code: 'LIMIT_EXCEEDED', message: over, remedy: 'Make it smaller, or write several items.', path })
  if (faulty()) return undefined
  for (const [at, entry] of entries.exclude.entries())
    for (const [name, value] of Object.entries(entry)) {
      const list = lists.get(name)
      if (list?.some((one) => String(one) === String(value)) === true) continue
      const guess = list === undefined ? meant(name, [...lists.keys()]) : undefined
      refuse(
        list === undefined
          ? `There is no list ${quoted(name)} in the matrix.`
          : `The list ${quoted(name)} has no ${quoted(String(value))}.`,
        guess === undefined ? 'Exclude what the lists have.' : `Did you mean ${quoted(guess)}?`,
        [...path, 'exclude', at, name],
      )
    }
  return faulty() ? undefined : { lists, ...entries }
}

/** Checked before anything is made of it. */
function overLimit(
  lists: Matrix['lists'],
  { include, exclude }: Pick<Matrix, 'include' | 'exclude'>,
  names: number,
): string | undefined {
  const made = lists.size === 0 ? 0 : [...lists.values()].reduce((many, { length }) => many * length, 1)
  const { matrixItems, variables } = PLAN_LIMITS
  if (made + include.length > matrixItems)
    return `The matrix has ${made + include.length} items; at most ${matrixItems} are allowed.`
  if (exclude.length > matrixItems) return `The matrix excludes more than ${matrixItems} times.`
  return names > variables ? `The matrix has more than ${variables} names.` : undefined
}

function holds(values: ReadonlyMap<string, VariableValue>, entry: Entry, names: readonly string[]): boolean {
  return names.every((name) => String(values.get(name)) === String(entry[name]))
}

/** Every combination of the lists, the last of them running fastest. */
function product(lists: Matrix['lists']): Values[] {
  let made: Values[] = lists.size === 0 ? [] : [new Map()]
  for (const [name, list] of lists)
    made = made.flatMap((values) => list.map((value) => new Map(values).set(name, value)))
  return made
}

/**
 * The items of a matrix: the combinations of its lists without those that match an entry of `exclude`. An entry of `include` adds its
 * values to the combinations that have what it says of the lists; where there is none it is an item of its own. `undefined` where
 * something is wrong, which has been told.
 */
export function combinations(written: Json, path: Path, faults: Faults): readonly Combination[] | undefined {
  const matrix = read(written, path, faults)
  if (matrix === undefined) return undefined
  const { lists, include, exclude } = matrix
  const of = product(lists).filter((values) => !exclude.some((entry) => holds(values, entry, Object.keys(entry))))
  const own: Values[] = []
  for (const entry of include) {
    const listed = Object.keys(entry).filter((name) => lists.has(name))
    const matching = of.filter((values) => holds(values, entry, listed))
    if (matching.length === 0) own.push(new Map(Object.entries(entry)))
    for (const values of matching)
      for (const [name, value] of Object.entries(entry)) if (!lists.has(name)) values.set(name, value)
  }
  const named = [...of, ...own].map((values): Combination => {
    const listed = [...lists.keys()].flatMap((name) => values.get(name) ?? [])
    const parts = (listed.length > 0 ? listed : [...values.values()]).map(idPart)
    return { suffix: parts.map((part) => `-${part}`).join(''), values }
  })
  const refuse = (message: string, remedy: string) => {
    faults.add({ code: 'INVALID_INPUT', message, remedy, path })
    return undefined
  }
  if (named.length === 0) return refuse('The matrix leaves no item.', 'Exclude less, or include one.')
  if (named.some(({ suffix }) => /^$|-$|--/.test(suffix)))
    return refuse('No id can be made of an entry of include.', 'Give it values with a letter or a digit.')
  const seen = new Set<string>()
  for (const { suffix } of named) {
    if (seen.has(suffix))
      return refuse(
        `Two items of the matrix would have an id that ends with ${quoted(suffix)}.`,
        'Make their values differ in letters or digits.',
      )
    seen.add(suffix)
  }
  return named
}
