import type { JsonObject } from '@seamark/core'
import { compile, metaSchema } from './compile.ts'
import { DRAFT, FORMATS, KEYWORDS, NOT_ENFORCED } from './keywords.ts'
import { OUTPUT_SCHEMA_LIMITS } from './limits.ts'
import type { SchemaPath, SchemaProblem } from './problem.ts'
import { checkReferences } from './references.ts'
import type { Subschema } from './subschemas.ts'
import { isMap, subschemas } from './subschemas.ts'

/** Checks the schemas of one plan. */
export interface SchemaCheck {
  /**
   * All that is wrong with a schema, each with its place in it; empty for one that outputs can be held to. The same schema
   * is looked at once. Runs nothing that the schema says, and takes time in proportion to it.
   */
  problemsOf(schema: JsonObject): readonly SchemaProblem[]
}

const proto = '__proto__'

type Tell = (problem: SchemaProblem) => void

export function schemaCheck(): SchemaCheck {
  const known = new Map<string, readonly SchemaProblem[]>()
  let isSchema: ReturnType<typeof metaSchema> | undefined

  function problemsOf(schema: JsonObject, bytes: number): readonly SchemaProblem[] {
    const problems: SchemaProblem[] = []
    const tell: Tell = (problem) => problems.push(problem)
    if (bytes > OUTPUT_SCHEMA_LIMITS.schemaBytes) {
      const most = OUTPUT_SCHEMA_LIMITS.schemaBytes
      tell(tooMuch(`The schema has ${bytes} bytes as JSON; at most ${most} are allowed.`))
      return problems
    }
    const schemas = subschemas(schema, tell)
    for (const subschema of schemas.values()) checkKeywords(subschema, tell)
    checkReferences(schemas, tell)
    if (problems.length > 0) return problems
    isSchema ??= metaSchema()
    const wrong = isSchema(schema)
    if (wrong !== undefined)
      tell({
        code: 'INVALID_INPUT',
        message: 'This is not what JSON Schema has here.',
        remedy: 'See https://json-schema.org/draft/2020-12.',
        path: stepsIn(schema, wrong),
      })
    else checkStrictly(schema, schemas, tell)
    return problems
  }

  return {
    problemsOf(schema) {
      const text = JSON.stringify(schema)
      const before = known.get(text)
      if (before !== undefined) return before
      const most = OUTPUT_SCHEMA_LIMITS.schemasPerPlan
      if (known.size === most) return [tooMuch(`The plan has more than ${most} different schemas.`)]
      const problems = problemsOf(schema, Buffer.byteLength(text))
      known.set(text, problems)
      return problems
    },
  }
}

function tooMuch(message: string): SchemaProblem {
  return { code: 'LIMIT_EXCEEDED', message, remedy: 'Make it smaller, or check the output in a gate.', path: [] }
}

function checkKeywords({ path, schema }: Subschema, tell: Tell): void {
  for (const [keyword, value] of Object.entries(schema)) {
    const at = [...path, keyword]
    if (NOT_ENFORCED.has(keyword))
      tell({ code: 'UNSUPPORTED', message: 'This keyword is not enforced.', remedy: 'Leave it out.', path: at })
    else if (!KEYWORDS.has(keyword))
      tell({
        code: 'INVALID_INPUT',
        message: 'This is no keyword of JSON Schema 2020-12.',
        remedy: 'Correct it, or leave it out.',
        path: at,
      })
    if (keyword === '$schema' && (value !== DRAFT || path.length > 0))
      tell({ code: 'UNSUPPORTED', message: 'Only draft 2020-12 is known.', remedy: `Write ${DRAFT}.`, path: at })
    if (keyword === '$id' && path.length > 0)
      tell({ code: 'UNSUPPORTED', message: 'Only the whole schema may have $id.', remedy: 'Use $anchor.', path: at })
    if (keyword === 'format' && typeof value === 'string' && !FORMATS.includes(value))
      tell({
        code: 'UNSUPPORTED',
        message: 'This format is not checked.',
        remedy: `Use ${FORMATS.join(', ')}.`,
        path: at,
      })
    // Ajv leaves out what is said of this name in the two, since a map of JavaScript can have it as its prototype.
    if ((keyword === 'properties' || keyword === 'patternProperties') && isMap(value) && Object.hasOwn(value, proto))
      tell({
        code: 'INVALID_INPUT',
        message: 'What is said of this name would be ignored.',
        remedy: `Say it in patternProperties, of ^${proto}$.`,
        path: [...at, proto],
      })
    if (keyword === 'pattern' && typeof value === 'string') checkPattern(value, at, tell)
    if (keyword === 'patternProperties' && typeof value === 'object' && value !== null)
      for (const pattern of Object.keys(value)) checkPattern(pattern, [...at, pattern], tell)
  }
}

function checkPattern(pattern: string, path: SchemaPath, tell: Tell): void {
  const most = OUTPUT_SCHEMA_LIMITS.patternLength
  if (pattern.length > most) {
    tell({
      code: 'LIMIT_EXCEEDED',
      message: `The regular expression has more than ${most} characters.`,
      remedy: 'Make it shorter.',
      path,
    })
    return
  }
  try {
    new RegExp(pattern, 'u')
  } catch {
    // The words of the engine would repeat the pattern.
    tell({ code: 'INVALID_INPUT', message: 'This is no regular expression of ECMAScript with its flag u.', path })
  }
}

/** Has the schema made into a function, which finds what a keyword says of values that the schema does not have. */
function checkStrictly(schema: JsonObject, schemas: ReadonlyMap<string, Subschema>, tell: Tell): void {
  try {
    compile(schema)
  } catch (error) {
    const said = error instanceof Error ? error.message : ''
    const type = /missing type "([a-z,]+)" for keyword "([A-Za-z]+)"/.exec(said)
    // Within a reference the place that is said begins anew.
    const anew = [...schemas.values()].some((each) => Object.hasOwn(each.schema, '$ref'))
    const where = anew ? '' : (/ at "#([^"]*)" \(strict/.exec(said)?.[1] ?? '')
    tell({
      code: 'INVALID_INPUT',
      message:
        type === null
          ? 'The schema says what can not be, or would be ignored.'
          : `${type[2]} says nothing of other values than ${type[1]}: without type they would all pass.`,
      remedy: type === null ? 'Compare its types and keywords.' : `Add type: ${type[1]}.`,
      path: schemas.get(decoded(where))?.path ?? [],
    })
  }
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    // Such a place is that of no schema.
    return fragment
  }
}

/** The steps of a pointer into a value: an index is a number only in a list. */
function stepsIn(root: JsonObject, at: string): SchemaPath {
  let value: unknown = root
  return at
    .split('/')
    .slice(1)
    .map((text) => {
      const step = text.replaceAll('~1', '/').replaceAll('~0', '~')
      const key = Array.isArray(value) ? Number(step) : step
      value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined
      return key
    })
}
