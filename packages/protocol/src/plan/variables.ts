import type { Json, PlanVariable } from '@seamark/core'
import { meant } from '@seamark/kit'
import { explain } from './explain.ts'
import type { Faults, Path } from './fault.ts'
import { isMap } from './json-value.ts'
import { PLAN_LIMITS } from './limits.ts'
import { quoted } from './quoted.ts'
import { VARIABLE_FIELDS, VARIABLE_NAME, variableSchema } from './schema.ts'

/** Values that are given to variables, by their names. Text is read as the type that the plan declares. */
export type VariableValues = Readonly<Record<string, VariableValue>>

export type VariableValue = string | number | boolean

/** `undefined` for a variable of which something is wrong, and has been told. */
export type Variables = ReadonlyMap<string, VariableValue | undefined>

const forms = {
  string: 'text',
  number: 'a number, such as 0.5',
  integer: 'a whole number from -(2^53-1) to 2^53-1',
  boolean: 'true or false',
  choice: 'one of its choices',
} as const

/** A value as the type has it, or `undefined`. `asText`: numbers, true and false may be written as text. */
function typed({ type, choices = [] }: PlanVariable, value: Json, asText: boolean): VariableValue | undefined {
  const text = typeof value === 'string' ? value : undefined
  const read = (form: RegExp) => (asText && text !== undefined && form.test(text) ? Number(text) : value)
  switch (type) {
    case 'string':
      return text
    case 'choice':
      return text !== undefined && choices.includes(text) ? text : undefined
    case 'boolean':
      if (asText && (text === 'true' || text === 'false')) return text === 'true'
      return typeof value === 'boolean' ? value : undefined
    case 'integer': {
      const number = read(/^-?(?:0|[1-9][0-9]{0,15})$/)
      return Number.isSafeInteger(number) ? Number(number) : undefined
    }
    case 'number': {
      const number = read(/^-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?$/)
      return typeof number === 'number' && Number.isFinite(number) ? number : undefined
    }
  }
}

function declared(value: Json, path: Path, faults: Faults): PlanVariable | undefined {
  const parsed = variableSchema.safeParse(value)
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      for (const fault of explain(issue, value, path, () => VARIABLE_FIELDS)) faults.add(fault)
    return undefined
  }
  const { type, choices, default: preset } = parsed.data
  const refuse = (field: string, message: string, remedy: string) =>
    faults.add({ code: 'INVALID_INPUT', message, remedy, path: field === '' ? path : [...path, field] })
  if ((type === 'choice') !== (choices !== undefined)) {
    if (choices === undefined) refuse('', 'A choice has choices.', 'Add choices, a list of texts.')
    else refuse('choices', `A ${type} has no choices.`, 'Leave them out, or write type: choice.')
    return undefined
  }
  if (preset !== undefined && typed(parsed.data, preset, false) === undefined) {
    refuse('default', `The default must be ${forms[type]}.`, `Correct it, or the type.`)
    return undefined
  }
  return parsed.data
}

/** The variables of a plan with the values that they have. */
export function variablesOf(written: Json | undefined, given: VariableValues, faults: Faults): Variables {
  const found = new Map<string, VariableValue | undefined>()
  const root: Path = ['variables']
  const over = (name: string, path: Path, value: VariableValue): boolean => {
    if (Buffer.byteLength(String(value)) <= PLAN_LIMITS.envValueBytes) return false
    const message = `The value of the variable ${quoted(name)} is longer than ${PLAN_LIMITS.envValueBytes} bytes.`
    faults.add({ code: 'LIMIT_EXCEEDED', message, remedy: 'Put it into a file of the workspace.', path })
    return true
  }
  const entries = isMap(written) ? Object.entries(written) : []
  if (written !== undefined && !isMap(written))
    faults.add({ code: 'INVALID_INPUT', message: 'The field "variables" must be a map.', path: root })
  if (entries.length > PLAN_LIMITS.variables) {
    const message = `A plan has at most ${PLAN_LIMITS.variables} variables.`
    faults.add({ code: 'LIMIT_EXCEEDED', message, remedy: 'Declare fewer.', path: root })
    return found
  }
  for (const [name, value] of entries) {
    const path = [...root, name]
    found.set(name, undefined)
    if (!VARIABLE_NAME.test(name))
      faults.add({
        code: 'INVALID_INPUT',
        message: `${quoted(name)} is no name of a variable.`,
        remedy: 'Use 1 to 63 letters, digits, "_" and "-", beginning with a letter.',
        path,
        part: 'key',
      })
    const variable = declared(value, path, faults)
    if (variable === undefined) continue
    const own = Object.hasOwn(given, name) ? given[name] : undefined
    const chosen = own === undefined ? variable.default : typed(variable, own, true)
    if (own === undefined && variable.default === undefined)
      faults.add({
        code: 'INVALID_INPUT',
        message: `The variable ${quoted(name)} has no value.`,
        remedy: `Give it one, such as with --var ${name}=VALUE, or write a default.`,
        path,
        part: 'key',
      })
    else if (chosen === undefined)
      faults.add({
        code: 'INVALID_INPUT',
        // The value itself is not told: it may have been meant for something else.
        message: `What is given for the variable ${quoted(name)} is not ${forms[variable.type]}.`,
        remedy: `Give ${variable.choices?.slice(0, 10).map(quoted).join(' or ') ?? forms[variable.type]}.`,
        path,
        part: 'key',
      })
    else if (!over(name, path, chosen)) found.set(name, chosen)
  }
  for (const name of Object.keys(given)) {
    if (found.has(name)) continue
    const guess = meant(name, [...found.keys()])
    faults.add({
      code: 'INVALID_INPUT',
      message: `The plan has no variable ${quoted(name)}.`,
      remedy: guess === undefined ? 'Declare it under variables.' : `Did you mean ${quoted(guess)}?`,
      path: root,
    })
  }
  return found
}
