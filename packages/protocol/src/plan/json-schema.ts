import type { JsonObject } from '@seamark/core'
import { z } from 'zod'
import { jsonObject } from '../wire/exact.ts'
import { planSchema } from './schema.ts'

/**
 * The published JSON Schema (draft 2020-12) of a plan, for editors and other programs. It says what
 * shape a plan has; `parsePlan` also checks the graph, paths, names and limits.
 */
export function planJsonSchema(): JsonObject {
  const { $schema, ...schema } = jsonObject.parse(z.toJSONSchema(planSchema, { io: 'input' }))
  return {
    ...($schema !== undefined && { $schema }),
    $id: 'https://seamark.invalid/plan.schema.json',
    title: 'Seamark plan, version 1',
    ...schema,
  }
}
