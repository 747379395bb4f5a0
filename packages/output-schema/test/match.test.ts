import type { JsonObject } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchOutput, OUTPUT_SCHEMA_LIMITS, schemaCheck } from '../src/index.ts'
import type { Match, MatchOptions } from '../src/index.ts'
import { overDocumentLimit } from '../src/document-size.ts'
import { match } from '../src/match.ts'
import type { Over } from '../src/match.ts'

function sound(schema: JsonObject): JsonObject {
  expect(schemaCheck().problemsOf(schema)).toEqual([])
  return schema
}

function held(schema: JsonObject, document: string | Uint8Array): Match | Over {
  return match(sound(schema), Buffer.from(document))
}

/** In a thread. */
function apart(schema: JsonObject, document: string | Uint8Array, options?: MatchOptions): Promise<Match> {
  return matchOutput(sound(schema), Buffer.from(document), options)
}

/** The code of the error that it rejects with. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return isSeamError(error) ? error.code : String(error)
  }
  return 'nothing'
}

const report: JsonObject = {
  type: 'object',
  required: ['name', 'tests'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', maxLength: 20 },
    tests: { type: 'array', items: { type: 'object', required: ['ok'], properties: { ok: { type: 'boolean' } } } },
  },
}

describe('a document', () => {
  test('that matches', () => {
    expect(held(report, '{"name": "a", "tests": [{"ok": true}]}')).toEqual({ matches: true })
  })

  test.each<[string, string, string, string]>([
    ['a value of another type', '{"name": "a", "tests": [{"ok": true}, {"ok": "s3cret"}]}', 'type', '/tests/1/ok'],
    ['something that is missing', '{"name": "a"}', 'required', ''],
    ['something more', '{"name": "a", "tests": [], "s3cret": 1}', 'additionalProperties', ''],
    ['a text that is too long', `{"name": "${'s3cret'.repeat(9)}", "tests": []}`, 'maxLength', '/name'],
    ['another kind of document', '["s3cret"]', 'type', ''],
  ])('with %s', (_, document, keyword, place) => {
    const result = held(report, document)
    expect(result).toEqual({ matches: false, why: 'schema', keyword, place })
    expect(JSON.stringify(result)).not.toContain('s3cret')
  })

  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['half of it', '{"name": '],
    ['a mark of the byte order', '\uFEFF{}'],
    ['bytes that are no text', Uint8Array.of(0x22, 0xff, 0x22)],
    ['JavaScript', "{name: 'a'}"],
  ])('that is %s is no JSON', (_, document) => {
    expect(held({}, document)).toEqual({ matches: false, why: 'json' })
  })

  test('has the properties that it says, and none of JavaScript', () => {
    const needs = (name: string): JsonObject => ({ type: 'object', required: [name] })
    for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty']) {
      expect(held(needs(name), '{}'), name).toMatchObject({ matches: false })
      expect(held(needs(name), `{"${name}": 1}`), name).toEqual({ matches: true })
    }
  })

  test.each([
    '{"type": "object", "patternProperties": {"^__proto__$": {"type": "string"}}}',
    '{"type": "object", "additionalProperties": {"type": "string"}}',
    '{"type": "object", "unevaluatedProperties": {"type": "string"}}',
    '{"type": "object", "dependentRequired": {"__proto__": ["a"]}}',
    '{"type": "object", "dependentSchemas": {"__proto__": {"required": ["a"]}}}',
    '{"type": "object", "propertyNames": {"pattern": "^a"}}',
    '{"type": "object", "not": {"required": ["__proto__"]}}',
    '{"const": {}}',
  ])('with the name of a prototype does not match %s', (schema) => {
    expect(held(JSON.parse(schema), '{"__proto__": 1}')).toMatchObject({ matches: false })
    expect(held(JSON.parse(schema), '{}')).toEqual({ matches: true })
  })

  test('is told by names that are plain', () => {
    const schema: JsonObject = {
      type: 'object',
      additionalProperties: { additionalProperties: { type: 'string' }, type: 'object' },
    }
    const place = (name: string) => held(schema, JSON.stringify({ [name]: { 'a-b': 1 } }))
    expect(place('ok')).toMatchObject({ place: '/ok/a-b' })
    for (const name of ['x'.repeat(61), 'a b', 'a\u202eb', 'a/b', 'a~b', '', '<b>', '\u0000'])
      expect(place(name), name).toMatchObject({ place: '/*/a-b' })
    const deep: JsonObject = { $ref: '#/$defs/a', $defs: { a: { type: 'array', items: { $ref: '#/$defs/a' } } } }
    expect(held(deep, `${'['.repeat(50)}1${']'.repeat(50)}`)).toMatchObject({ place: `${'/0'.repeat(20)}/…` })
  })

  test('whose schema asks more of the stack than there is, is not checked', () => {
    const steps = Array.from({ length: 30 }, (_, n): [string, JsonObject] => [
      `d${n}`,
      { allOf: [{ $ref: `#/$defs/d${n + 1}` }] },
    ])
    const ends: [string, JsonObject] = ['d30', { type: 'array', items: { $ref: '#/$defs/d0' } }]
    const schema: JsonObject = { $ref: '#/$defs/d0', $defs: Object.fromEntries([...steps, ends]) }
    const { documentDepth: depth } = OUTPUT_SCHEMA_LIMITS
    expect(held(schema, '['.repeat(depth) + ']'.repeat(depth))).toEqual({ matches: false, why: 'unchecked' })
  })
})

describe('a schema or a document that would hold the service up', () => {
  test('is looked at apart', async () => {
    expect(await apart(report, '{"name": "a", "tests": [{"ok": 1}]}')).toEqual({
      matches: false,
      why: 'schema',
      keyword: 'type',
      place: '/tests/0/ok',
    })
  })

  test('with an expression that tries everything ends in time', async () => {
    const schema: JsonObject = { type: 'string', pattern: '^(a+)+$' }
    expect(await refusal(apart(schema, `"${'a'.repeat(60)}!"`, { timeoutMs: 500 }))).toBe('TIMEOUT')
  })

  test('with references that double at each step ends in time', async () => {
    const steps = Array.from({ length: 60 }, (_, n): [string, JsonObject] => [
      `d${n}`,
      { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
    ])
    const schema: JsonObject = { $ref: '#/$defs/d0', $defs: { ...Object.fromEntries(steps), d60: { type: 'number' } } }
    expect(await refusal(apart(schema, '1', { timeoutMs: 500 }))).toBe('TIMEOUT')
  })

  test.each<[string, string]>([
    ['nested without end', '['.repeat(OUTPUT_SCHEMA_LIMITS.documentBytes)],
    ['of more values than are looked at', `[${'[],'.repeat(2_000_000)}[]]`],
    ['with a name without end', `{"${'/'.repeat(5_000)}": 1}`],
  ])('%s is not parsed', async (_, document) => {
    expect(await refusal(apart({}, document))).toBe('LIMIT_EXCEEDED')
  })

  test('with more bytes than are looked at', async () => {
    const document = Buffer.alloc(OUTPUT_SCHEMA_LIMITS.documentBytes + 1, 0x20)
    expect(await refusal(apart({}, document))).toBe('LIMIT_EXCEEDED')
  })

  test('ends on request', async () => {
    const stop = new AbortController()
    const schema: JsonObject = { type: 'string', pattern: '^(a+)+$' }
    const stopped = refusal(apart(schema, `"${'a'.repeat(60)}!"`, { signal: stop.signal }))
    stop.abort()
    expect(await stopped).toBe('ABORTED')
    expect(await refusal(apart({}, '1', { signal: stop.signal }))).toBe('ABORTED')
  })
})

describe('what a document has is counted before it is parsed', () => {
  const limits = { documentValues: 5, documentDepth: 2, documentName: 3 }
  test.each<[string, ReturnType<typeof overDocumentLimit>]>([
    ['', undefined],
    ['[1,[2,3]]', undefined],
    ['[1,[2,3,4]]', 'documentValues'],
    ['[[],[],[]]', 'documentValues'],
    ['{"a":1,"b":{}}', undefined],
    ['[[[]]]', 'documentDepth'],
    ['[{"a":[]}]', 'documentDepth'],
    ['[[],[]]', undefined],
    ['{"abc":"long text"}', undefined],
    ['{"abcd" :1}', 'documentName'],
    ['{"\\"\\"":1}', 'documentName'],
    ['["[[[,,,{{{", 1]', undefined],
    ['["\\"[[[", "\\\\"]', undefined],
    ['["\\\\",[[', 'documentDepth'],
    ['"\\', undefined],
    ['[[[', 'documentDepth'],
    [',,,,,', 'documentValues'],
  ])('%s', (document, expected) => {
    expect(overDocumentLimit(Buffer.from(document), limits)).toBe(expected)
  })

  test('and never fewer than the parser makes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, wide) => {
        const text = JSON.stringify(value, undefined, wide ? 2 : 0)
        const { values, depth } = sizeOf(JSON.parse(text))
        const over = (documentValues: number, documentDepth: number) =>
          overDocumentLimit(Buffer.from(text), { documentValues, documentDepth, documentName: 1_000_000 })
        expect(over(values - 1, 1_000)).toBe('documentValues')
        if (depth > 0) expect(over(1_000_000, depth - 1)).toBe('documentDepth')
        expect(over(2 * values, depth)).toBeUndefined()
      }),
    )
  })
})

function sizeOf(value: unknown): { values: number; depth: number } {
  if (typeof value !== 'object' || value === null) return { values: 1, depth: 0 }
  const inside = Object.values(value).map(sizeOf)
  return {
    values: inside.reduce((sum, each) => sum + each.values, 1),
    depth: 1 + Math.max(0, ...inside.map(({ depth }) => depth)),
  }
}
