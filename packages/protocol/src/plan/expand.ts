import type { Json } from '@seamark/core'
import type { Faults } from './fault.ts'
import { isMap } from './json-value.ts'
import { linesOfWords, substitution } from './substitute.ts'
import { variablesOf } from './variables.ts'
import type { VariableValues } from './variables.ts'

/** A plan with values in the place of its variables, and with command lines in the place of lists of words. */
export function expand(value: Json, given: VariableValues, faults: Faults): Json {
  if (!isMap(value)) return value
  const { variables: written, version, ...rest } = value
  if (written === undefined && Object.keys(given).length === 0) return linesOfWords(value, [])
  const vars = variablesOf(written, given, faults)
  const made = substitution(faults).of(rest, [], { vars })
  return linesOfWords({ ...(version !== undefined && { version }), ...(isMap(made) && made) }, [])
}
