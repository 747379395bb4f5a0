/** What a keyword of JSON Schema 2020-12 holds, as far as it matters for finding the schemas in it. */
export type Holds =
  | 'value'
  /** A schema for the place itself. */
  | 'schema'
  | 'schemas'
  | 'named schemas'
  /** Schemas for what is below the place. */
  | 'schema below'
  | 'schemas below'
  | 'named schemas below'
  /** Schemas for no place until something refers to them. */
  | 'definitions'

/** Every keyword that a schema may have. */
export const KEYWORDS: ReadonlyMap<string, Holds> = new Map<string, Holds>([
  ['$schema', 'value'],
  ['$id', 'value'],
  ['$anchor', 'value'],
  ['$ref', 'value'],
  ['$comment', 'value'],
  ['$defs', 'definitions'],
  ['allOf', 'schemas'],
  ['anyOf', 'schemas'],
  ['oneOf', 'schemas'],
  ['not', 'schema'],
  ['if', 'schema'],
  ['then', 'schema'],
  ['else', 'schema'],
  ['dependentSchemas', 'named schemas'],
  ['prefixItems', 'schemas below'],
  ['items', 'schema below'],
  ['contains', 'schema below'],
  ['properties', 'named schemas below'],
  ['patternProperties', 'named schemas below'],
  ['additionalProperties', 'schema below'],
  ['propertyNames', 'schema below'],
  ['unevaluatedItems', 'schema below'],
  ['unevaluatedProperties', 'schema below'],
  ...[
    'type',
    'const',
    'enum',
    'multipleOf',
    'maximum',
    'exclusiveMaximum',
    'minimum',
    'exclusiveMinimum',
    'maxLength',
    'minLength',
    'pattern',
    'maxItems',
    'minItems',
    'uniqueItems',
    'maxContains',
    'minContains',
    'maxProperties',
    'minProperties',
    'required',
    'dependentRequired',
    'format',
    'title',
    'description',
    'default',
    'deprecated',
    'readOnly',
    'writeOnly',
    'examples',
  ].map((keyword): [string, Holds] => [keyword, 'value']),
])

/** Keywords of the draft that are not enforced here. */
export const NOT_ENFORCED: ReadonlySet<string> = new Set([
  '$dynamicRef',
  '$dynamicAnchor',
  '$vocabulary',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
])

/** Formats that are checked. */
export const FORMATS: readonly string[] = [
  'date-time',
  'date',
  'time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uri-reference',
  'uri-template',
  'uuid',
  'json-pointer',
  'relative-json-pointer',
  'regex',
]

export const DRAFT = 'https://json-schema.org/draft/2020-12/schema'
