import { globSync, readFileSync } from 'node:fs'
import ts from 'typescript'

const root = 'packages/config/src/config.ts'
/** Where the types are that are only data, each with a section of its own; of others the page names the file. */
const data = [
  root,
  ...['policy', 'plan', 'egress', 'credential', 'meter'].map((name) => `packages/core/src/${name}.ts`),
]

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration
type Declarations = ReadonlyMap<string, { readonly node: Declaration; readonly path: string }>

/**
 * `docs/reference/configuration.md`: every field of `seamark.config.ts` with the words of the type that has it, from `SeamarkConfig` on to
 * all types that are only data.
 */
export function configurationPage(): string {
  const declared: Declarations = new Map(
    [...data, ...globSync('packages/core/src/*.ts').toSorted()].toReversed().flatMap(declarations),
  )
  const seen = new Set<string>()
  const sections: string[] = []
  const queue = ['SeamarkConfig']
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const found = declared.get(name)
    if (found === undefined || seen.has(name) || !data.includes(found.path)) continue
    seen.add(name)
    const text = section(found.node, declared)
    sections.push(text)
    queue.push(...[...text.matchAll(/\]\(#(\w+)\)/g)].flatMap(([, slug]) => nameOf(declared, slug)))
  }
  return `# Configuration

Every field of \`seamark.config.ts\`, which exports \`defineConfig({ … })\`. Those that are needed say so. [How to configure a deployment](../how-to/configure.md)
says which file is run and what happens at a start; what is wrong in it is told all at once, each with its place. The options of a part, such as
those of \`s3Storage\`, are in the README of its package.

This page is generated from [\`${root}\`](../../${root}) and the types that it names.
${sections.join('')}`
}

function declarations(
  path: string,
): readonly (readonly [string, { readonly node: Declaration; readonly path: string }])[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  return file.statements
    .filter((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
    .map((node) => [node.name.text, { node, path }] as const)
}

const nameOf = (declared: Declarations, slug: string | undefined): readonly string[] =>
  [...declared.keys()].filter((name) => name.toLowerCase() === slug)

function section(node: Declaration, declared: Declarations): string {
  const about = commentOf(node)
  const head = `\n## ${node.name.text}\n${about === '' ? '' : `\n${about}\n`}`
  if (ts.isInterfaceDeclaration(node))
    return `${head}\n| field | type | about |\n|---|---|---|\n${rows(node.members, '', declared).join('\n')}\n`
  const links = namesIn(node.type).flatMap((name) => linkOf(name, declared) ?? [])
  return `${head}\n\`\`\`ts\n${node.getText()}\n\`\`\`\n${links.length === 0 ? '' : `\nSee ${links.join(', ')}.\n`}`
}

/** A row for each field, and for those of objects in it that have no name of their own. */
function rows(members: readonly ts.TypeElement[], prefix: string, declared: Declarations): readonly string[] {
  return members.filter(ts.isPropertySignature).flatMap((member) => {
    if (member.type === undefined) return []
    const name = `${prefix}${member.name.getText()}`
    const inner = objectIn(member.type, declared)
    const type = inner === undefined ? spoken(member.type, declared) : inner.isMap ? 'map of objects' : 'object'
    const needed = member.questionToken === undefined ? ', needed' : ''
    const row = `| \`${name}\`${needed} | ${type} | ${commentOf(member).replaceAll('|', '\\|')} |`
    return inner === undefined
      ? [row]
      : [row, ...rows(inner.members, `${name}.${inner.isMap ? 'NAME.' : ''}`, declared)]
  })
}

/** The members of an object without a name, or of what a map has under each name. */
function objectIn(
  type: ts.TypeNode,
  declared: Declarations,
): { readonly members: readonly ts.TypeElement[]; readonly isMap: boolean } | undefined {
  if (ts.isTypeLiteralNode(type)) return { members: type.members, isMap: false }
  if (ts.isIndexedAccessTypeNode(type)) return memberObject(type, declared)
  if (!ts.isTypeReferenceNode(type)) return undefined
  const [first, second] = type.typeArguments ?? []
  const name = type.typeName.getText()
  if ((name === 'Readonly' || name === 'NonNullable') && first !== undefined) return objectIn(first, declared)
  if (name !== 'Record' || second === undefined || !ts.isTypeLiteralNode(second)) return undefined
  return { members: second.members, isMap: true }
}

/** Of `Policy['network']`: the object that is that member of the interface. */
function memberObject({ objectType, indexType }: ts.IndexedAccessTypeNode, declared: Declarations) {
  const of = declared.get(objectType.getText())?.node
  const wanted = indexType.getText().slice(1, -1)
  const member =
    of && ts.isInterfaceDeclaration(of) ? of.members.find(({ name }) => name?.getText() === wanted) : undefined
  return member && ts.isPropertySignature(member) && member.type ? objectIn(member.type, declared) : undefined
}

/** A type in words where it is a list, a map or a name, otherwise as it is written. */
function spoken(type: ts.TypeNode, declared: Declarations): string {
  if (ts.isTypeOperatorNode(type)) return spoken(type.type, declared)
  if (ts.isArrayTypeNode(type)) return `list of ${spoken(type.elementType, declared)}`
  if (ts.isTypeReferenceNode(type)) {
    const name = type.typeName.getText()
    const [first, second] = type.typeArguments ?? []
    if (name === 'Readonly' && first !== undefined) return spoken(first, declared)
    if (name === 'Record' && second !== undefined) return `map of ${spoken(second, declared)}`
    const link = linkOf(name, declared)
    if (first === undefined && link !== undefined) return link
  }
  const code = `\`${type
    .getText()
    .replace(/\breadonly /g, '')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')}\``
  const links = namesIn(type).flatMap((name) => linkOf(name, declared) ?? [])
  return links.length === 0 ? code : `${code}: ${links.join(', ')}`
}

function linkOf(name: string, declared: Declarations): string | undefined {
  const path = declared.get(name)?.path
  if (path === undefined) return undefined
  return data.includes(path) ? `[${name}](#${name.toLowerCase()})` : `[${name}](../../${path})`
}

function namesIn(node: ts.Node): readonly string[] {
  const inner: string[] = []
  node.forEachChild((child) => void inner.push(...namesIn(child)))
  return [...new Set(ts.isTypeReferenceNode(node) ? [node.typeName.getText(), ...inner] : inner)]
}

/** The text of a doc comment as one paragraph. */
function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replace(/\s+/g, ' ').trim()
}
