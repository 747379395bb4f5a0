import type { JsonObject } from '@seamark/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OUTPUT_SCHEMA_LIMITS, schemaCheck } from '../src/index.ts'
import { match } from '../src/match.ts'

/** `CODE /pointer` of every problem. */
function found(schema: JsonObject): string[] {
  return schemaCheck()
    .problemsOf(schema)
    .map(({ code, path }) => `${code} ${path.map((step) => `/${step}`).join('')}`)
}

/** A schema inside as many others. */
function nested(depth: number): JsonObject {
  return depth === 0 ? { type: 'string' } : { type: 'array', items: nested(depth - 1) }
}

describe('a schema that outputs can be held to', () => {
  test.each<[string, JsonObject]>([
    ['everything', {}],
    [
      'with its draft and its name',
      { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: 'https://a.example/x' },
    ],
    ['with the name of the meta-schema', { $id: 'https://json-schema.org/draft/2020-12/schema', type: 'object' }],
    ['with alternatives', { type: 'object', anyOf: [{ required: ['a'] }, { required: ['b'] }] }],
    ['of a tuple', { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] }],
    [
      'of a tree',
      { $ref: '#/$defs/node', $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } } },
    ],
    ['with an anchor', { $ref: '#here', $defs: { a: { $anchor: 'here', type: 'string', format: 'uri' } } }],
    [
      'with names as in JavaScript',
      { type: 'object', required: ['toString'], properties: { constructor: { type: 'string' } } },
    ],
    ['that is as deep as it may be', nested(OUTPUT_SCHEMA_LIMITS.schemaDepth - 1)],
  ])('%s', (_, schema) => {
    expect(found(schema)).toEqual([])
  })
})

describe('a schema is refused', () => {
  /** As a plan has it: a literal would set the prototype. */
  const ofProto = (keyword: string): JsonObject => JSON.parse(`{"type": "object", "${keyword}": {"__proto__": {}}}`)
  const circle: JsonObject = { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { anyOf: [{ $ref: '#' }] } } }
  test.each<[string, JsonObject, string]>([
    ['with a keyword that is none', { typ: 'string' }, 'INVALID_INPUT /typ'],
    ['with one that would be ignored', { type: 'string', contentEncoding: 'base64' }, 'UNSUPPORTED /contentEncoding'],
    ['with a dynamic reference', { $dynamicRef: '#a' }, 'UNSUPPORTED /$dynamicRef'],
    ['with an extension of ajv', { $async: true, type: 'object' }, 'INVALID_INPUT /$async'],
    ['with another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, 'UNSUPPORTED /$schema'],
    ['with a name inside', { $defs: { a: { $id: 'b' } } }, 'UNSUPPORTED /$defs/a/$id'],
    [
      'with a type that is none',
      { type: 'object', properties: { a: { type: 'text' } } },
      'INVALID_INPUT /properties/a/type',
    ],
    ['with a list that is no list', { anyOf: { type: 'string' } }, 'INVALID_INPUT /anyOf'],
    ['with a reference to elsewhere', { $ref: 'https://a.example/x.json' }, 'UNSUPPORTED /$ref'],
    ['with a reference to a file', { $ref: 'file:///etc/passwd' }, 'UNSUPPORTED /$ref'],
    ['with a reference to nowhere', { $ref: '#/$defs/a' }, 'INVALID_INPUT /$ref'],
    ['with a reference into a value', { $ref: '#/default', default: { typ: 'x' } }, 'INVALID_INPUT /$ref'],
    ['with a reference that is no text', { $ref: '#/%E0' }, 'INVALID_INPUT /$ref'],
    ['that refers to itself', { $ref: '#' }, 'INVALID_INPUT '],
    ['that refers to itself by others', circle, 'INVALID_INPUT '],
    ['with an anchor twice', { $defs: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } }, 'INVALID_INPUT /$defs/b/$anchor'],
    ['with a format that is not checked', { type: 'string', format: 'iri' }, 'UNSUPPORTED /format'],
    ['with a format as in JavaScript', { type: 'string', format: 'constructor' }, 'UNSUPPORTED /format'],
    ['with a pattern that is none', { type: 'string', pattern: '(' }, 'INVALID_INPUT /pattern'],
    [
      'with a pattern for names that is none',
      { type: 'object', patternProperties: { '[': {} } },
      'INVALID_INPUT /patternProperties/[',
    ],
    [
      'with a property whose schema ajv leaves out',
      { type: 'object', properties: { a: ofProto('properties') } },
      'INVALID_INPUT /properties/a/properties/__proto__',
    ],
    [
      'with a pattern whose schema ajv leaves out',
      ofProto('patternProperties'),
      'INVALID_INPUT /patternProperties/__proto__',
    ],
    ['with a long pattern', { type: 'string', pattern: 'a'.repeat(501) }, 'LIMIT_EXCEEDED /pattern'],
    [
      'that would let other types pass',
      { type: 'object', properties: { a: { minLength: 1 } } },
      'INVALID_INPUT /properties/a',
    ],
    ['that is long', { description: 'x'.repeat(64 * 1024) }, 'LIMIT_EXCEEDED '],
    ['that is wide', { anyOf: Array.from({ length: 2_000 }, () => ({})) }, 'LIMIT_EXCEEDED /anyOf'],
    ['that is deep', nested(OUTPUT_SCHEMA_LIMITS.schemaDepth), 'LIMIT_EXCEEDED /items'],
  ])('%s', (_, schema, expected) => {
    const problems = found(schema)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.every((problem) => problem.startsWith(expected))).toBe(true)
  })

  test('with all that is wrong at once', () => {
    expect(found({ typ: 1, properties: { a: { patern: '' }, b: { format: 'x' } } }).toSorted()).toEqual([
      'INVALID_INPUT /properties/a/patern',
      'INVALID_INPUT /typ',
      'UNSUPPORTED /properties/b/format',
    ])
  })

  test('after as many others as a plan may have', () => {
    const check = schemaCheck()
    const schemas = Array.from({ length: OUTPUT_SCHEMA_LIMITS.schemasPerPlan }, (_, n) => ({ title: String(n) }))
    for (const schema of schemas) expect(check.problemsOf(schema)).toEqual([])
    expect(check.problemsOf({ title: 'one more' })[0]?.code).toBe('LIMIT_EXCEEDED')
    // One that is known is none more.
    expect(check.problemsOf({ title: '7' })).toEqual([])
  })
})

test('whatever a schema is, checking it ends with an answer, and what passes can be used', () => {
  const names = fc.constantFrom('a', 'toString', '__proto__x', '$ref', '#', 'items', 'ü/~')
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3, depthSize: 'xsmall', withCrossShrink: true },
      fc.boolean(),
      fc.jsonValue({ maxDepth: 2 }),
      fc.record(
        {
          type: fc.constantFrom('object', 'array', 'string', 'integer', ['string', 'null'], 'x'),
          $ref: fc.constantFrom('#', '#/$defs/a', '#/properties/a', '#a', 'x', '#/items'),
          $anchor: names,
          pattern: fc.string({ maxLength: 8 }),
          minLength: fc.integer({ min: -1, max: 3 }),
          const: fc.jsonValue(),
          enum: fc.array(fc.jsonValue(), { maxLength: 3 }),
          $defs: fc.dictionary(names, tie('schema'), { maxKeys: 2 }),
          properties: fc.dictionary(names, tie('schema'), { maxKeys: 2 }),
          items: tie('schema'),
          anyOf: fc.array(tie('schema'), { maxLength: 2 }),
          not: tie('schema'),
          required: fc.array(names),
          unevaluatedProperties: tie('schema'),
        },
        { requiredKeys: [] },
      ),
    ),
  }))
  const isMap = (value: unknown): value is JsonObject =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  fc.assert(
    fc.property(schema, fc.jsonValue(), (value, document) => {
      const made: unknown = JSON.parse(JSON.stringify(value))
      if (!isMap(made)) return
      if (schemaCheck().problemsOf(made).length > 0) return
      const result = match(made, Buffer.from(JSON.stringify(document)))
      expect(!('over' in result) && (result.matches || result.why === 'schema')).toBe(true)
    }),
    { numRuns: 300 },
  )
})
