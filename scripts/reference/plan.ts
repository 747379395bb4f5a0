import { planJsonSchema } from '../../packages/protocol/src/index.ts'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
}

/** Fields with a section of their own. */
const SECTIONS: Readonly<Record<string, string>> = {
  items: 'What an item may have. It needs `id`, and one of `run` and `prompt` unless its agent is given `input` alone.',
  defaults:
    'What items have that say nothing themselves. [How the levels are joined](../how-to/plan-language.md#defaults-at-every-level)',
}

/** `docs/reference/plan.md`: every field of a plan, as the published JSON Schema has it. */
export function planPage(): string {
  const schema: Schema = JSON.parse(JSON.stringify(planJsonSchema()))
  const fields = schema.properties ?? {}
  const ofItems = objectIn(fields['items'] ?? {})?.schema.properties ?? {}
  const sections = Object.entries(SECTIONS).map(
    ([name, about]) =>
      `\n## ${name}\n\n${about}\n\n${table(objectIn(fields[name] ?? {})?.schema ?? {}, name === 'items' ? {} : ofItems)}`,
  )
  return `# Plans

Every field of a plan in YAML or JSON. Those that are needed say so. [How to write one](../how-to/plans.md) and [how to say things once](../how-to/plan-language.md).
\`[]\` stands for each element of a list, and \`NAME\` for each name of a map. Wherever a value stands, a variable may stand too: \`\${{ vars.NAME }}\`.
What a schema can not say (the graph, paths, what the deployment has) is checked by \`seamark validate\`; the bounds are in [Limits](../../LIMITS.md).

This page is generated from the schema of plans, as is [the JSON Schema](plan.schema.json) for editors and other programs.

## The plan

${table(schema, ofItems, Object.keys(SECTIONS))}${sections.join('')}`
}

type Fields = Readonly<Record<string, Schema>>

function table(schema: Schema, elsewhere: Fields, apart: readonly string[] = []): string {
  return `| field | type | about |\n|---|---|---|\n${rows(schema, elsewhere, apart).join('\n')}\n`
}

/** A row for each field of an object, and for those of objects in it that are not told `elsewhere`, with the items. */
function rows(
  { properties = {}, required = [] }: Schema,
  elsewhere: Fields,
  apart: readonly string[] = [],
  prefix = '',
): readonly string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`
    const [own, other] = [objectIn(field), objectIn(elsewhere[name] ?? {})]
    const isTold =
      own !== undefined && JSON.stringify(own.schema.properties) === JSON.stringify(other?.schema.properties)
    const section = apart.includes(name) ? name : isTold ? 'items' : undefined
    const type = section === undefined ? typeOf(field) : `[${typeOf(field)}](#${section})`
    const about = field.description ?? elsewhere[name]?.description ?? ''
    const row = `| \`${path}\`${required.includes(name) ? ', needed' : ''} | ${type} | ${about.replaceAll('|', '\\|')} |`
    return own === undefined || section !== undefined
      ? [row]
      : [row, ...rows(own.schema, elsewhere, [], `${path}${own.path}.`)]
  })
}

/** The object with fields that a value is, or that it has in a list, in a map or as one of several forms, and how it is reached. */
function objectIn(schema: Schema): { readonly schema: Schema; readonly path: string } | undefined {
  if (schema.properties !== undefined) return { schema, path: '' }
  const { items, additionalProperties: named } = schema
  const forms: readonly (readonly [Schema | undefined, string])[] = [
    [items, '[]'],
    [typeof named === 'object' ? named : undefined, '.NAME'],
    ...(schema.anyOf ?? []).map((form) => [form, ''] as const),
  ]
  for (const [form, path] of forms) {
    const found = form === undefined ? undefined : objectIn(form)
    if (found !== undefined) return { schema: found.schema, path: path + found.path }
  }
  return undefined
}

function typeOf(schema: Schema): string {
  const { type, minimum, maximum, items, additionalProperties: named } = schema
  if (schema.anyOf !== undefined) {
    const forms = new Set(schema.anyOf.filter((form) => !isReference(form)).map(typeOf))
    return [...forms].join(', or ')
  }
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (type === 'integer' || type === 'number')
    return `${type === 'integer' ? 'whole number' : 'number'}${range(minimum, maximum)}`
  if (type === 'boolean') return 'true or false'
  if (type === 'array') return items === undefined ? 'list' : `list: ${typeOf(items)}`
  if (type === 'object') return typeof named === 'object' ? `map: ${typeOf(named)}` : 'object'
  return type === 'string' ? 'text' : 'any JSON'
}

function range(least: number | undefined, most: number | undefined): string {
  const isBound = (bound: number | undefined): bound is number =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER
  if (isBound(least) && isBound(most)) return `, ${least} to ${most}`
  if (isBound(least)) return `, from ${least}`
  return isBound(most) ? `, up to ${most}` : ''
}

/** A variable in the place of a value. */
const isReference = ({ pattern }: Schema): boolean => pattern?.includes('vars|matrix') === true
