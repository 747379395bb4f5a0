import type { Json, JsonObject } from '@seamark/core'
import { z } from 'zod'
import { isMap } from './json-value.ts'
import { jsonObject } from '../wire/exact.ts'
import { planSchema } from './schema.ts'

/**
 * The published JSON Schema (draft 2020-12) of a plan, for editors and other programs. It says what
 * shape a plan has; `parsePlan` also checks the graph, paths, names and limits.
 */
export function planJsonSchema(): JsonObject {
  const { $schema, properties, ...schema } = jsonObject.parse(z.toJSONSchema(planSchema, { io: 'input' }))
  const { version, variables, ...rest } = jsonObject.parse(properties)
  return {
    ...($schema !== undefined && { $schema }),
    $id: 'https://seamark.invalid/plan.schema.json',
    title: 'Seamark plan, version 1',
    ...schema,
    properties: { version: version ?? {}, variables: variables ?? {}, ...opened(rest) },
  }
}

/** Properties as they may also be written: with a variable for a value, and with a list of words for a command line. */
function opened(properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => {
      if (name === 'id' || !isMap(schema)) return [name, schema]
      if (name === 'run') return [name, also(schema, { type: 'array', items: { type: 'string' }, minItems: 1 })]
      return [name, inside(schema)]
    }),
  )
}

/** A schema that a variable holds to, wherever a value stands in it; names of maps stay as they are. */
function inside(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map((one: Json) => inside(one))
  if (!isMap(schema)) return schema
  const closed = schema['pattern'] ?? schema['enum'] ?? schema['const']
  if (closed !== undefined || ['number', 'integer', 'boolean'].some((type) => type === schema['type']))
    return also(schema, { type: 'string', pattern: REFERENCE })
  const { properties, items, anyOf, additionalProperties } = schema
  return {
    ...schema,
    ...(isMap(properties) && { properties: opened(properties) }),
    ...(items !== undefined && { items: inside(items) }),
    ...(anyOf !== undefined && { anyOf: inside(anyOf) }),
    ...(additionalProperties !== undefined && { additionalProperties: inside(additionalProperties) }),
  }
}

const REFERENCE = String.raw`\$\{\{ *(?:vars|matrix)\.[A-Za-z][A-Za-z0-9_-]* *\}\}`

function also({ description, ...schema }: JsonObject, other: JsonObject): JsonObject {
  return { ...(description !== undefined && { description }), anyOf: [schema, other] }
}
