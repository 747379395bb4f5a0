import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'

const core = resolve(import.meta.dirname, '..')
const root = resolve(core, '../..')

function options(): ts.CompilerOptions {
  const path = join(root, 'tsconfig.base.json')
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file))
  return ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root, undefined, path).options
}

async function sourcesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && /\.m?tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Statements that would load a module when they run, by their text. */
function loads(text: string, name: string, module: string): string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const names = (node: ts.Expression | undefined) =>
    node !== undefined && ts.isStringLiteralLike(node) && node.text === module
  const visit = (node: ts.Node): void => {
    const loading =
      (ts.isImportDeclaration(node) &&
        names(node.moduleSpecifier) &&
        node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword) ||
      (ts.isExportDeclaration(node) && names(node.moduleSpecifier) && !node.isTypeOnly) ||
      (ts.isCallExpression(node) && names(node.arguments[0]))
    if (loading) found.push(node.getText())
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

it('emits no JavaScript', async () => {
  const outDir = await mkdtemp(join(tmpdir(), 'seamark-core-'))
  try {
    const sources = await sourcesBelow(join(core, 'src'))
    const program = ts.createProgram(sources, {
      ...options(),
      noEmit: false,
      emitDeclarationOnly: false,
      outDir,
      rootDir: join(core, 'src'),
    })
    const { diagnostics } = program.emit()
    expect(diagnostics.map(({ messageText }) => messageText)).toEqual([])
    const emitted = (await readdir(outDir)).filter((name) => name.endsWith('.js'))
    expect(emitted).toHaveLength(sources.length)
    for (const name of emitted) expect((await readFile(join(outDir, name), 'utf8')).trim(), name).toBe('export {};')
  } finally {
    await rm(outDir, { recursive: true })
  }
})

it('has no JavaScript to load in its package', async () => {
  const { exports } = JSON.parse(await readFile(join(core, 'package.json'), 'utf8'))
  expect(Object.keys(exports)).toEqual(['.'])
  expect(Object.keys(exports['.']).sort()).toEqual(['source', 'types'])
})

it('is loaded by nobody: every import of it is of types', async () => {
  const found: string[] = []
  let seen = 0
  for (const group of ['packages', 'apps']) {
    for (const name of await readdir(join(root, group))) {
      for (const path of await sourcesBelow(join(root, group, name, 'src'))) {
        const text = await readFile(path, 'utf8')
        if (!text.includes('@seamark/core')) continue
        seen++
        found.push(...loads(text, path, '@seamark/core').map((statement) => `${path}: ${statement}`))
      }
    }
  }
  expect(found).toEqual([])
  expect(seen).toBeGreaterThan(10)
})

it.each([
  [`import { Seam } from '@seamark/core'`, 1],
  [`import { type Seam } from '@seamark/core'`, 1],
  [`import '@seamark/core'`, 1],
  [`export * from '@seamark/core'`, 1],
  [`const core = await import('@seamark/core')`, 1],
  [`import type { Seam } from '@seamark/core'`, 0],
  [`export type { Seam } from '@seamark/core'`, 0],
  [`export type * from '@seamark/core'`, 0],
  [`import { x } from '@seamark/core-like' // import '@seamark/core'`, 0],
])('the search sees what %j does', (text, count) => {
  expect(loads(text, 'x.ts', '@seamark/core')).toHaveLength(count)
})
