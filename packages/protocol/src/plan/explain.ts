import { meant } from '@seamark/kit'
import type { z } from 'zod'
import type { Fault, Path } from './fault.ts'
import { quoted } from './quoted.ts'
import { knownFields } from './schema.ts'

type Issue = z.core.$ZodIssue

/** The value at a path, `undefined` where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = Reflect.get(value, step)
  }
  return value
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return kinds[typeof value] ?? typeof value
}

function field(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return 'The plan'
  return typeof last === 'number' ? `Entry ${last} of the list` : `The field ${quoted(last)}`
}

function unknownFields(
  issue: Issue & { readonly code: 'unrecognized_keys' },
  path: Path,
  known: readonly string[],
): Fault[] {
  return issue.keys.map((key) => {
    const guess = meant(key, known)
    return {
      code: 'INVALID_INPUT',
      message: `There is no field ${quoted(key)} here.`,
      remedy: guess === undefined ? `Use one of ${known.join(', ')}.` : `Did you mean "${guess}"?`,
      path: [...path, key],
      part: 'key',
    }
  })
}

function bound(issue: Issue & { readonly code: 'too_small' | 'too_big' }): string {
  const over = issue.code === 'too_big'
  const limit = String(over ? issue.maximum : issue.minimum)
  if (issue.origin === 'string') return over ? `is longer than ${limit} characters` : 'is empty'
  if (issue.origin === 'array') return over ? `has more than ${limit} entries` : 'is empty'
  return `must be ${over ? 'at most' : 'at least'} ${limit}`
}

/**
 * What zod found, in the words of a plan. `root` is the value that was checked and `base` the path
 * at which it stands in the document; `fieldsAt` are the fields that a map there may have.
 */
export function explain(
  issue: Issue,
  root: unknown,
  base: Path,
  fieldsAt: (path: Path) => readonly string[] = knownFields,
): Fault[] {
  const inside = issue.path.filter((step) => typeof step !== 'symbol')
  const path = [...base, ...inside]
  const value = valueAt(root, inside)
  const fault = (message: string, remedy?: string): Fault[] => [
    { code: 'INVALID_INPUT', message: `${field(path)} ${message}.`, path, ...(remedy !== undefined && { remedy }) },
  ]
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownFields(issue, path, fieldsAt(path))
    case 'invalid_type':
    case 'invalid_value': {
      if (value === undefined) return fault('is missing')
      if (issue.code === 'invalid_value') {
        const remedy = `Use ${issue.values.map(String).join(' or ')}.`
        return fault(`can not be ${typeof value === 'string' ? quoted(value) : kindOf(value)}`, remedy)
      }
      const wanted = kinds[issue.expected] ?? issue.expected
      const remedy = wanted === 'text' && (typeof value === 'number' || typeof value === 'boolean')
      return fault(`must be ${wanted}, not ${kindOf(value)}`, remedy ? 'Put it in quotes.' : undefined)
    }
    case 'too_small':
    case 'too_big':
      return fault(bound(issue))
    case 'invalid_format':
      return fault(`${typeof value === 'string' ? `is ${quoted(value)}, which ` : ''}${issue.message}`)
    case 'invalid_key':
      return [
        {
          code: 'INVALID_INPUT',
          message: `${quoted(String(path.at(-1)))} is no name of an environment variable.`,
          remedy: 'Use letters, digits and "_", not beginning with a digit.',
          path,
          part: 'key',
        },
      ]
    case 'invalid_union': {
      // The branch that the value was meant for is the one that took its type.
      const atTop = (errors: readonly Issue[], code: string) =>
        errors.some((e) => e.path.length === 0 && e.code === code)
      const typed = issue.errors.filter((errors) => !atTop(errors, 'invalid_type'))
      const branch =
        typed.find((errors) => !atTop(errors, 'invalid_value')) ?? (typeof value === 'string' ? typed[0] : undefined)
      if (branch === undefined) return fault(`can not be ${kindOf(value)}`)
      return branch.flatMap((inner) =>
        explain({ ...inner, path: [...issue.path, ...inner.path] }, root, base, fieldsAt),
      )
    }
    default:
      return fault(`is not valid: ${issue.message}`)
  }
}

/**
 * What is left of a value when every field of it that has an issue is taken out, so that the rest
 * can be checked too. `bad` are the fields taken out.
 */
export function withoutBadFields(
  value: unknown,
  issues: readonly Issue[],
): { rest: Record<string, unknown>; bad: Set<string> } {
  const bad = new Set<string>()
  for (const issue of issues) {
    const [first] = issue.path
    if (typeof first === 'string') bad.add(first)
    else if (issue.code === 'unrecognized_keys') for (const key of issue.keys) bad.add(key)
  }
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  return { rest: Object.fromEntries(Object.entries(isMap ? value : {}).filter(([key]) => !bad.has(key))), bad }
}
