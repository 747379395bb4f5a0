import { z } from 'zod'
import { headerSchemas } from './record-schemas.ts'
import { LIMITS } from './limits.ts'

type Schema = z.core.JSONSchema.BaseSchema

const place = ['run', 'runSeq', 'prevInRun', 'item', 'attempt', 'fence']

/** The text of `docs/reference/records.md`, made from the schemas. */
export function recordsReference(): string {
  const headers = headerSchemas.map((schema) => objectOf(z.toJSONSchema(schema)))
  const first = headers[0]
  return [
    '# Records',
    '',
    'Made from the schemas in `@seamark/log`; do not edit. A leaf of the log is a record’s header: RFC 8785 canonical',
    `JSON of at most ${LIMITS.headerBytes.toLocaleString('en')} bytes. Integers go up to 2^53−1, there are no floats. A field that is absent is left`,
    'out, never null; a field that is not listed here is refused. Digests and other bytes are lower-case hex.',
    '',
    '## Fields of every header',
    '',
    ...table(
      Object.entries(first?.properties ?? {}).filter(([name]) => name !== 'data' && name !== 'kind'),
      first,
    ),
    '| `kind` | one of the kinds below | yes |',
    '| `data` | the kind’s own fields | yes |',
    '',
    '`seq` is the leaf index from 0. `at` never decreases. `cause` is the `seq` of the earlier record that led to this one.',
    'A payload is stored apart and committed to by `HMAC-SHA256(salt, "seamark/payload/v1" ‖ 0x00 ‖ bytes)`.',
    '',
    '## Fields that place a record in a run',
    '',
    'A record of a run has `run` and `runSeq` (from 0, without gaps), and from `runSeq` 1 on `prevInRun`, the leaf hash of',
    'the run’s record before it. `item` is an item id, `attempt` counts from 1, `fence` only grows within a namespace.',
    '',
    '| kind | has | may have |',
    '|---|---|---|',
    ...headers.map((header) => {
      const names = place.filter((name) => name in header.properties && name !== 'prevInRun' && name !== 'runSeq')
      const required = names.filter((name) => header.required.includes(name))
      const optional = names.filter((name) => !header.required.includes(name))
      return `| \`${kindOf(header)}\` | ${code(required)} | ${code(optional)} |`
    }),
    '',
    ...headers.flatMap((header) => {
      const data = objectOf(header.properties['data'] ?? {})
      return [`## \`${kindOf(header)}\``, '', ...table(Object.entries(data.properties), data), '']
    }),
    ...shared(),
  ].join('\n')
}

function shared(): string[] {
  const samples = new Map<string, ObjectSchema>()
  const collect = (schema: Schema): void => {
    const parts = [schema.items, ...Object.values(schema.properties ?? {})].filter(isSchema)
    for (const part of parts) {
      if (part.title !== undefined && part.type === 'object') samples.set(part.title, objectOf(part))
      collect(part)
    }
  }
  for (const header of headerSchemas) collect(z.toJSONSchema(header))
  return [...samples].flatMap(([title, schema]) => [
    `## Type: ${title}`,
    '',
    ...table(Object.entries(schema.properties), schema),
    '',
  ])
}

interface ObjectSchema {
  readonly properties: Readonly<Record<string, Schema>>
  readonly required: readonly string[]
}

function objectOf(schema: Schema): ObjectSchema {
  const properties: Record<string, Schema> = {}
  for (const [name, value] of Object.entries(schema.properties ?? {})) if (isSchema(value)) properties[name] = value
  return { properties, required: schema.required ?? [] }
}

function table(fields: readonly [string, Schema][], schema: ObjectSchema | undefined): string[] {
  if (fields.length === 0) return ['No fields.']
  return [
    '| field | type | always there |',
    '|---|---|---|',
    ...fields.map(
      ([name, field]) =>
        `| \`${name}\` | ${typeText(field)} | ${schema?.required.includes(name) === true ? 'yes' : 'no'} |`,
    ),
  ]
}

function typeText(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.title !== undefined) return schema.title
  if (schema.type === 'array') {
    const most = schema.maxItems === undefined ? '' : `, at most ${schema.maxItems.toLocaleString('en')}`
    return `list of ${isSchema(schema.items) ? typeText(schema.items) : 'values'}${most}`
  }
  if (schema.type === 'object') {
    const { properties, required } = objectOf(schema)
    const fields = Object.entries(properties).map(
      ([name, field]) => `\`${name}\`${required.includes(name) ? '' : '?'}: ${typeText(field)}`,
    )
    return `{ ${fields.join('; ')} }`
  }
  return String(schema.type ?? 'value')
}

function kindOf(header: ObjectSchema): string {
  return String(header.properties['kind']?.const)
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
