import type { OutputSpec, PlanOutput } from '@seamark/core'
import { outputBytes } from '@seamark/kit'
import { schemaCheck } from '@seamark/output-schema'
import type { SchemaCheck } from '@seamark/output-schema'
import { isDeepStrictEqual } from 'node:util'
import type { Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { literalPath } from './paths.ts'

/** Checks what items declare as their outputs. */
export interface OutputMaker {
  /** In the order of the plan, each path once. `given` are declared besides, with nothing wrong in them. */
  make(outputs: readonly PlanOutput[] | undefined, path: Path, given?: readonly OutputSpec[]): readonly OutputSpec[]
}

// Shared by every item that has none.
const none: readonly never[] = []

export function outputMaker(faults: Faults): OutputMaker {
  let schemas: SchemaCheck | undefined

  function make({ path, schema, kind }: PlanOutput, place: Path): OutputSpec | undefined {
    const checked = literalPath(path)
    if (!checked.ok) {
      faults.add({ code: 'INVALID_INPUT', message: checked.message, remedy: checked.remedy, path: place })
      return undefined
    }
    if (kind !== undefined && schema !== undefined) {
      const message = 'An output has a kind or a schema, not both.'
      faults.add({ code: 'INVALID_INPUT', message, remedy: 'Keep one.', path: [...place, 'kind'], part: 'key' })
      return undefined
    }
    if (schema === undefined) return { path: checked.value, ...(kind && { kind }) }
    schemas ??= schemaCheck()
    for (const { path: inSchema, ...problem } of schemas.problemsOf(schema))
      faults.add({ ...problem, path: [...place, 'schema', ...inSchema] })
    return { path: checked.value, schema }
  }

  return {
    make(outputs = none, path, given = none) {
      if (outputs.length === 0) return given
      if (outputs.length + given.length > PLAN_LIMITS.outputsPerItem) {
        const message = `A list has more than ${PLAN_LIMITS.outputsPerItem} entries.`
        faults.add({ code: 'LIMIT_EXCEEDED', message, path })
        return none
      }
      const made = new Map(given.map((spec) => [spec.path, spec]))
      for (const [at, output] of outputs.entries()) {
        const spec = make(output, [...path, at])
        if (spec === undefined) continue
        const before = made.get(spec.path)
        // A second one of the same is harmless.
        if (before === undefined) made.set(spec.path, spec)
        else if (!isDeepStrictEqual(before, spec))
          faults.add({
            code: 'INVALID_INPUT',
            message: 'The output is declared twice, with different schemas or kinds.',
            remedy: 'Keep one.',
            path: [...path, at],
          })
      }
      const specs = [...made.values()]
      if (outputBytes(specs) > PLAN_LIMITS.outputBytes)
        faults.add({
          code: 'LIMIT_EXCEEDED',
          message: `The outputs take more than ${PLAN_LIMITS.outputBytes} bytes in the record of the end of their item.`,
          remedy: 'Declare fewer outputs, fewer with a kind, or shorter paths.',
          path,
        })
      return specs
    },
  }
}
