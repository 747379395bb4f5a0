import type { Json, JsonObject, Problem } from '@seamark/core'
import type { PlanFormat } from '../wire/submit.ts'
import { faultList } from './fault.ts'
import type { Fault, Path } from './fault.ts'
import { isMap } from './json-value.ts'
import { readJson } from './json-source.ts'
import { steps, toProblems } from './place.ts'
import { quoted } from './quoted.ts'
import { decode, lineIndex, SourceStop } from './source.ts'
import type { Reading } from './source.ts'
import { readYaml } from './yaml-source.ts'

/** One file of a plan. */
export interface PlanPart {
  /** As people know it. */
  readonly file: string
  readonly bytes: Uint8Array
  readonly format: PlanFormat
}

/** A file of a plan that was read for what it includes. */
export interface ReadPart extends PlanPart {
  readonly value: JsonObject
  /** Paths as they are written; absent where it has no `include`. */
  readonly includes?: readonly string[]
}

export type PartResult =
  { readonly ok: true; readonly part: ReadPart } | { readonly ok: false; readonly problems: readonly Problem[] }

/** A plan of several files as one. */
export interface JoinedPlan {
  /** JSON. */
  readonly bytes: Uint8Array
  /** What is wrong with it, each in the file in which it was written, in the order of the files. What has no line stays as it is. */
  readonly placed: (problems: readonly Problem[]) => readonly Problem[]
}

const FIELDS = ['version', 'include', 'items']

function inFile({ file }: PlanPart, problem: Problem): Problem {
  return { ...problem, place: { pointer: '', ...problem.place, file } }
}

/** Faults of a file as problems with their places in it. */
function problemsIn(part: PlanPart, faults: readonly Fault[]): readonly Problem[] {
  if (faults.length === 0) return []
  const all = faultList()
  for (const fault of faults) all.add(fault)
  const reading = read(part)
  const text = reading.text ?? new TextDecoder().decode(part.bytes)
  return toProblems(all, text, reading.ok ? reading.document : undefined).map((problem) => inFile(part, problem))
}

/** A file read, also a second time: the places of many files would fill memory. */
function read({ bytes, format }: PlanPart): Reading & { readonly text?: string; readonly faults: readonly Fault[] } {
  const faults = faultList()
  try {
    const text = decode(bytes).replace(/^\uFEFF/, '')
    const reading = format === 'json' ? readJson(text, faults) : readYaml(text, faults)
    return { ...reading, text, faults: faults.list }
  } catch (error) {
    if (!(error instanceof SourceStop)) throw error
    return { ok: false, faults: [error.fault] }
  }
}

/** A problem at a pointer of a file, with its place in the text. */
export function problemIn(part: PlanPart, pointer: string, problem: Omit<Problem, 'place'>): Problem {
  const [placed] = problemsIn(part, [{ ...problem, path: steps(pointer) }])
  return placed ?? problem
}

/**
 * Reads a file of a plan for what it includes. Of the plan itself, the `first`, all else is left to `parsePlan`; a file that is
 * included has `version`, `items` and `include` alone.
 */
export function readPart(part: PlanPart, first: boolean): PartResult {
  const bare = { ...part, value: {} }
  const reading = read(part)
  if (!reading.ok || reading.faults.length > 0) {
    const included = reading.ok && isMap(reading.document.value) && Object.hasOwn(reading.document.value, 'include')
    return first && !included ? { ok: true, part: bare } : { ok: false, problems: problemsIn(part, reading.faults) }
  }
  const { value } = reading.document
  const faults: Fault[] = []
  const refuse = (message: string, remedy: string, path: Path, key?: 'key') =>
    faults.push({ code: 'INVALID_INPUT', message, remedy, path, ...(key && { part: key }) })
  if (!isMap(value)) {
    if (first) return { ok: true, part: bare }
    refuse('The file is no plan.', 'Write version: 1 and items.', [])
    return { ok: false, problems: problemsIn(part, faults) }
  }
  const { include, version, items } = value
  if (!first) {
    for (const key of Object.keys(value))
      if (!FIELDS.includes(key))
        refuse(`A file that is included has no ${quoted(key)}.`, 'Write it in the plan that includes it.', [key], 'key')
    if (version !== 1) refuse('The version of a plan is 1.', 'Write version: 1.', ['version'])
    if (!Array.isArray(items) || items.length === 0)
      refuse('The file has no items.', 'Write a list of items.', ['items'])
  }
  const paths: string[] = []
  if (include !== undefined) {
    const list: readonly Json[] = Array.isArray(include) ? include : []
    if (list.length === 0) refuse('The field "include" must be a list of files.', 'Write include: [FILE].', ['include'])
    for (const [at, path] of list.entries())
      if (typeof path === 'string' && path !== '') paths.push(path)
      else refuse('A file to include is named by its path.', 'Write text.', ['include', at])
  }
  if (faults.length > 0) return { ok: false, problems: problemsIn(part, faults) }
  return { ok: true, part: { ...part, value, ...(include !== undefined && { includes: paths }) } }
}

function itemsOf({ value: { items } }: ReadPart): readonly Json[] {
  const list: readonly Json[] = Array.isArray(items) ? items : []
  return list
}

/** The first of the parts with the items of all of them, in their order. */
export function joinParts(parts: readonly [ReadPart, ...ReadPart[]]): JoinedPlan {
  const [first] = parts
  const { include: _, ...value } = first.value
  // Without items of its own it is a plan without items.
  const items = Array.isArray(value['items']) ? { items: parts.flatMap(itemsOf) } : {}
  const text = JSON.stringify({ ...value, ...items })

  function partAt(index: number): { readonly part: ReadPart; readonly at: number } {
    let at = index
    for (const part of parts) {
      const { length } = itemsOf(part)
      if (at < length) return { part, at }
      at -= length
    }
    return { part: first, at: index }
  }

  return {
    bytes: Buffer.from(text),
    placed(all) {
      const problems = all.filter(({ place }) => place?.line !== undefined)
      const reading = readJson(text, faultList())
      const lineOf = lineIndex(text)
      const paths = problems.map(({ place }) => steps(place?.pointer ?? ''))
      const keys = reading.ok ? reading.document.locate(paths.map((path) => ({ path, part: 'key' }))) : []
      const found = new Map<ReadPart, Fault[]>(parts.map((part) => [part, []]))
      for (const [index, { place, ...what }] of problems.entries()) {
        const path = paths[index] ?? []
        const [top, item, ...rest] = path
        const inItem = top === 'items' && typeof item === 'number'
        const { part, at } = inItem ? partAt(item) : { part: first, at: 0 }
        const { line, column } = lineOf(keys[index]?.offset ?? 0)
        const isKey = place?.line === line && place.column === column
        found.get(part)?.push({ ...what, path: inItem ? ['items', at, ...rest] : path, ...(isKey && { part: 'key' }) })
      }
      const others = all.filter(({ place }) => place?.line === undefined)
      return [...parts.flatMap((part) => problemsIn(part, found.get(part) ?? [])), ...others]
    },
  }
}
