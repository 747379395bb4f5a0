import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import ts from 'typescript'
import { packageFolders } from '../workspace.ts'
import type { CodeBlock } from './blocks.ts'

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, { readonly source: string }>>
}

/** `Cannot find name`, in its three forms. */
const UNKNOWN: ReadonlySet<number> = new Set([2304, 2552, 18_004])
/** And what follows where the type of a parameter would come from such a name. */
const OF_THE_READER: ReadonlySet<number> = new Set([...UNKNOWN, 7006, 7031])

/**
 * What is wrong in programs of pages, to the compiler and to the types of our packages. A name that a block does not declare stands for
 * what the page's own package exports, where it is called for what any does, otherwise for something of the reader's own. What a configuration exports is held to `defineConfig`.
 */
export function typeProblems(blocks: readonly CodeBlock[]): readonly string[] {
  const checked = new Map(blocks.map((block) => [fileOf(block), { block, text: asConfiguration(block.text) }]))
  const entries = entryPoints()
  const first = programOf(checked, entries)
  const homes = exportsOf(first, entries)
  for (const [file, { block, text }] of checked) {
    const own = entries.find(({ folder }) => block.page.startsWith(`${folder}/`))?.specifier
    const names = new Set(
      diagnosticsOf(first, file)
        .filter(({ code }) => UNKNOWN.has(code))
        .map(nameAt),
    )
    const imports = [...names].flatMap((name) => {
      const found = homes.get(name) ?? []
      const isCalled = new RegExp(`\\b${name}\\(`).test(text)
      const home = found.find((specifier) => specifier === own) ?? (isCalled ? found[0] : undefined)
      return home === undefined ? [] : [`import { ${name} } from '${home}'`]
    })
    checked.set(file, { block, text: [text, ...imports].join('\n') })
  }
  const second = programOf(checked, entries, first)
  return [...checked].flatMap(([file, { block }]) =>
    diagnosticsOf(second, file)
      .filter(({ code }) => !OF_THE_READER.has(code))
      .map(({ file: source, start = 0, messageText }) => {
        const line = source === undefined ? 0 : source.getLineAndCharacterOfPosition(start).line + 1
        return `${block.page}:${block.line + line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
      }),
  )
}

interface Checked {
  readonly block: CodeBlock
  readonly text: string
}

function asConfiguration(text: string): string {
  return text.replace(/^export default (\{[\s\S]*?^\})/m, 'export default defineConfig($1)')
}

/** Where modules are found as the page's package finds them. */
function fileOf({ page, line }: CodeBlock): string {
  const home = /^(?:packages|apps|examples)\//.test(page) ? dirname(page) : 'apps/server'
  return resolve(home, `${page.replaceAll(/\W/g, '_')}_${line}.mts`)
}

function entryPoints() {
  return packageFolders().flatMap((folder) => {
    const { name, exports }: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return Object.entries(exports)
      .filter(([, { source }]) => source !== undefined)
      .map(([path, { source }]) => ({ folder, specifier: name + path.slice(1), file: resolve(folder, source) }))
  })
}

function programOf(
  checked: ReadonlyMap<string, Checked>,
  entries: ReturnType<typeof entryPoints>,
  old?: ts.Program,
): ts.Program {
  const { options } = ts.parseJsonConfigFileContent(
    { extends: './tsconfig.base.json', files: [] },
    ts.sys,
    process.cwd(),
  )
  const paths = Object.fromEntries(entries.map(({ specifier, file }) => [specifier, [file]]))
  const lenient = {
    isolatedDeclarations: false,
    declaration: false,
    verbatimModuleSyntax: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
  const settings: ts.CompilerOptions = { ...options, ...lenient, noPropertyAccessFromIndexSignature: false, paths }
  const host = ts.createCompilerHost(settings)
  const real = { ...host }
  host.fileExists = (file) => checked.has(file) || real.fileExists(file)
  host.readFile = (file) => checked.get(file)?.text ?? real.readFile(file)
  host.getSourceFile = (file, version, ...rest) => {
    const text = checked.get(file)?.text
    if (text !== undefined) return ts.createSourceFile(file, text, version, true)
    return old?.getSourceFile(file) ?? real.getSourceFile(file, version, ...rest)
  }
  return ts.createProgram([...checked.keys(), ...entries.map(({ file }) => file)], settings, host)
}

/** The entry points that export each name. */
function exportsOf(
  program: ts.Program,
  entries: ReturnType<typeof entryPoints>,
): ReadonlyMap<string, readonly string[]> {
  const checker = program.getTypeChecker()
  const homes = new Map<string, string[]>()
  for (const { specifier, file } of entries) {
    const source = program.getSourceFile(file)
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
    for (const { name } of module === undefined ? [] : checker.getExportsOfModule(module))
      homes.set(name, [...(homes.get(name) ?? []), specifier])
  }
  return homes
}

function diagnosticsOf(program: ts.Program, file: string): readonly ts.Diagnostic[] {
  const source = program.getSourceFile(file)
  const unread = program.getSyntacticDiagnostics(source)
  return unread.length > 0 ? unread.slice(0, 1) : program.getSemanticDiagnostics(source)
}

function nameAt({ file, start = 0, length = 0 }: ts.Diagnostic): string {
  return file?.text.slice(start, start + length) ?? ''
}
