import type { Json, JsonObject } from '@seamark/core'
import { KEYWORDS } from './keywords.ts'
import { OUTPUT_SCHEMA_LIMITS } from './limits.ts'
import type { SchemaPath, SchemaProblem } from './problem.ts'

/** A schema inside a schema. */
export interface Subschema {
  readonly path: SchemaPath
  readonly schema: JsonObject
  /** Pointers of the schemas inside it that look at the same place of a document. */
  readonly samePlace: readonly string[]
}

/** RFC 6901. */
export function pointer(path: SchemaPath): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

export function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a keyword's value holds that should be schemas, each with the steps to it. */
function inside(schema: JsonObject, keyword: string): readonly [steps: SchemaPath, value: Json][] {
  const value = schema[keyword]
  if (value === undefined) return []
  const holds = KEYWORDS.get(keyword) ?? 'value'
  if (holds === 'schema' || holds === 'schema below') return [[[keyword], value]]
  if (holds === 'schemas' || holds === 'schemas below')
    return Array.isArray(value) ? value.map((each: Json, at) => [[keyword, at], each]) : []
  if (holds === 'value' || !isMap(value)) return []
  return Object.entries(value).flatMap(([name, each]) => (each === undefined ? [] : [[[keyword, name], each]]))
}

/** All schemas in a schema, by their pointers, itself first. What is too much is a problem, and is not gone into. */
export function subschemas(
  root: JsonObject,
  problem: (problem: SchemaProblem) => void,
): ReadonlyMap<string, Subschema> {
  const found = new Map<string, Subschema>()
  const open: { readonly path: SchemaPath; readonly depth: number; readonly value: Json }[] = [
    { path: [], depth: 1, value: root },
  ]
  // It grows while it is gone through.
  for (const { path, depth, value } of open) {
    // `true` and `false` have nothing to look at; what is no schema is found with the meta-schema.
    if (!isMap(value)) continue
    if (depth > OUTPUT_SCHEMA_LIMITS.schemaDepth || found.size === OUTPUT_SCHEMA_LIMITS.subschemas) {
      const what =
        depth > OUTPUT_SCHEMA_LIMITS.schemaDepth
          ? `${OUTPUT_SCHEMA_LIMITS.schemaDepth} schemas inside each other`
          : `${OUTPUT_SCHEMA_LIMITS.subschemas} schemas in it`
      problem({
        code: 'LIMIT_EXCEEDED',
        message: `The schema has more than ${what}.`,
        remedy: 'Make it simpler.',
        path,
      })
      return found
    }
    const samePlace: string[] = []
    for (const [keyword, holds] of KEYWORDS)
      if (Object.hasOwn(value, keyword))
        for (const [steps, each] of inside(value, keyword)) {
          const at = [...path, ...steps]
          if (holds === 'schema' || holds === 'schemas' || holds === 'named schemas') samePlace.push(pointer(at))
          open.push({ path: at, depth: depth + 1, value: each })
        }
    found.set(pointer(path), { path, schema: value, samePlace })
  }
  return found
}
