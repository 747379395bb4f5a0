import { z } from 'zod'
import { badRequest } from './fault.ts'
import type { Fault } from './fault.ts'

type Path = readonly PropertyKey[]

/** A text, or a list of parts of which a text is one alone. */
export function partsOrText<T extends z.ZodType>(
  part: T,
  wrap: (text: string) => unknown,
): z.ZodPreprocess<z.ZodArray<T>> {
  return z.preprocess((value) => (typeof value === 'string' ? [wrap(value)] : value), z.array(part))
}

/** A member that may be absent or null. */
export const maybe = <T extends z.ZodType>(type: T): z.ZodOptional<z.ZodNullable<T>> => type.nullish()

function isAbsent(body: unknown, path: Path): boolean {
  let value = body
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return false
    value = Reflect.get(value, step)
  }
  return value === undefined
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a valid string',
  number: 'a valid number',
  int: 'a valid integer',
  boolean: 'a valid boolean',
  array: 'a valid list',
  object: 'a valid dictionary',
  record: 'a valid dictionary',
}

/** What an issue of a schema is in the words of the Messages API. */
export function anthropicShape(issues: readonly z.core.$ZodIssue[], body: unknown): readonly Fault[] {
  return issues.map((issue) => {
    const place = issue.path.map(String).join('.')
    const said = isAbsent(body, issue.path)
      ? 'Field required'
      : issue.code === 'invalid_type'
        ? `Input should be ${EXPECTED[issue.expected] ?? `a valid ${issue.expected}`}`
        : issue.message
    return badRequest('shape', `${place === '' ? 'body' : place}: ${said}`, issue.path)
  })
}

/** A path as OpenAI writes it: `input[0].role`. */
export function paramOf(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`))
    .join('')
}

/** What an issue of a schema is in the words of OpenAI. */
export function openAiShape(issues: readonly z.core.$ZodIssue[], body: unknown): readonly Fault[] {
  return issues.map((issue) => {
    const param = paramOf(issue.path)
    if (isAbsent(body, issue.path))
      return badRequest('shape', `Missing required parameter: '${param}'.`, issue.path, 'missing_required_parameter')
    if (issue.code === 'invalid_type')
      return badRequest('shape', `Invalid type for '${param}': expected ${issue.expected}.`, issue.path, 'invalid_type')
    return badRequest('shape', `Invalid value for '${param}': ${issue.message}.`, issue.path, 'invalid_value')
  })
}
