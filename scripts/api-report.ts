/**
 * `npm run api`: writes what each package exports, from the declarations that are shipped, to `api.md` in its folder.
 * `npm run check` says what differs: a change of public types is reviewed as a change of these files.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { build } from './build.ts'
import { isBuilt } from './built.ts'
import type { StepResult } from './run-step.ts'
import { packageFolders } from './workspace.ts'

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, { readonly types: string }>>
}

const printer = ts.createPrinter({ removeComments: true })

/** Declarations in an order of their own, without comments: neither the order of files nor prose is part of a type. */
export function apiOf(declarations: string): string {
  const file = ts.createSourceFile('index.d.ts', declarations, ts.ScriptTarget.Latest, true)
  const texts = (kept: (statement: ts.Statement) => boolean): readonly string[] =>
    file.statements
      .filter(kept)
      .map((statement) => printer.printNode(ts.EmitHint.Unspecified, inOrder(statement), file))
      .sort()
  const links = texts(ts.isImportDeclaration)
  const exported = texts((statement) => ts.isExportDeclaration(statement) || ts.isExportAssignment(statement))
  const declared = texts(
    (statement) =>
      !ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement) && !ts.isExportAssignment(statement),
  )
  return [links.join('\n'), ...declared, exported.join('\n')].filter((part) => part !== '').join('\n\n')
}

/** A statement whose braces name things, with these in order and on lines of their own where they are exported. */
function inOrder(statement: ts.Statement): ts.Statement {
  const byText = <T extends ts.Node>(elements: readonly T[]): readonly T[] =>
    elements.toSorted((a, b) => (a.getText() < b.getText() ? -1 : 1))
  const { factory } = ts
  if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
    const named = factory.createNamedExports(byText(statement.exportClause.elements))
    return factory.createExportDeclaration(undefined, statement.isTypeOnly, named, statement.moduleSpecifier)
  }
  const clause = ts.isImportDeclaration(statement) ? statement.importClause : undefined
  if (!ts.isImportDeclaration(statement) || !clause?.namedBindings || !ts.isNamedImports(clause.namedBindings))
    return statement
  const named = factory.createNamedImports(byText(clause.namedBindings.elements))
  const ordered = factory.createImportClause(clause.phaseModifier, clause.name, named)
  return factory.createImportDeclaration(undefined, ordered, statement.moduleSpecifier)
}

/** Writes the page of a package that is built. Its folder is relative to the root. */
export function writeApi(folder: string): void {
  writeFileSync(join(folder, 'api.md'), pageOf(folder))
}

/** The page of a package that is built: each entry point, and what entry points share. */
function pageOf(folder: string): string {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const entries = Object.entries(manifest.exports).map(([path, { types }]) => [basename(types), path.slice(1)] as const)
  const names = new Set(entries.map(([file]) => file))
  // The build names what entry points share with a digest, which is no part of a type.
  const shared = readdirSync(join(folder, 'dist'))
    .filter((file) => file.endsWith('.d.ts') && !names.has(file))
    .sort()
    .map((file) => [file, file.replace(/-[\w-]{8}\.d\.ts$/, '')] as const)
  const text = (file: string): string => {
    const declarations = readFileSync(join(folder, 'dist', file), 'utf8')
    const known = shared.reduce((all, [from, to]) => all.replaceAll(from.replace('.d.ts', '.js'), to), declarations)
    return `\`\`\`ts\n${apiOf(known)}\n\`\`\`\n`
  }
  if (new Set(shared.map(([, name]) => name)).size < shared.length)
    throw new Error(`${folder}: two files of dist/ that entry points share have one name: ${shared.join(', ')}`)
  return [
    `# API of ${manifest.name}\n`,
    'Written by `npm run api`: the types that this package ships, and that its users build on.\n',
    ...entries.flatMap(([file, path]) => [`## ${manifest.name}${path}\n`, text(file)]),
    ...shared.flatMap(([file, name]) => [`## Shared: ${name}\n`, text(file)]),
  ].join('\n')
}

/** How one text differs from another: the lines that only one has, with `-` and `+`. None where they are the same. */
export function difference(before: string, after: string): readonly string[] {
  if (before === after) return []
  const count = new Map<string, number>()
  for (const line of before.split('\n')) count.set(line, (count.get(line) ?? 0) - 1)
  for (const line of after.split('\n')) count.set(line, (count.get(line) ?? 0) + 1)
  const lines = [...count].filter(([, n]) => n !== 0).map(([line, n]) => `  ${n < 0 ? '-' : '+'} ${line.trim()}`)
  return lines.length === 0 ? ['  the same lines in another order'] : lines
}

const MOST_LINES = 40

/** Compares the pages of packages with what is built. */
export function apiReport(folders: readonly string[] = packageFolders()): StepResult {
  const unbuilt = folders.filter((folder) => !isBuilt(folder))
  if (unbuilt.length > 0) return { ok: false, output: `npm run build, these are not built: ${unbuilt.join(', ')}` }
  const changed = folders.flatMap((folder) => {
    const page = join(folder, 'api.md')
    const lines = difference(existsSync(page) ? readFileSync(page, 'utf8') : '', pageOf(folder))
    const more = lines.length > MOST_LINES ? [`  and ${lines.length - MOST_LINES} lines more`] : []
    return lines.length === 0 ? [] : [page, ...lines.slice(0, MOST_LINES), ...more]
  })
  const remedy = 'Public types differ from what was reviewed. Where that is meant: npm run api, and commit the pages.'
  return { ok: changed.length === 0, output: [...changed, remedy].join('\n') }
}

if (import.meta.main) {
  const { ok, output } = await build(packageFolders().filter((folder) => !isBuilt(folder)))
  if (ok) for (const folder of packageFolders()) writeApi(folder)
  else console.error(output)
  process.exitCode = ok ? 0 : 1
}
