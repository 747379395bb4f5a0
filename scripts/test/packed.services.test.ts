import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../build.ts'
import { isBuilt } from '../built.ts'
import { pack } from '../packed.ts'
import { runProgram } from '../run-step.ts'
import { packageFolders } from '../workspace.ts'
import { programs, programText } from './packed-programs.ts'
import { REPOSITORY } from './planted.ts'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, { readonly default?: string }>>
  readonly dependencies?: Readonly<Record<string, string>>
}

const read = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8'))
const folders = packageFolders()
const manifests = folders.map((folder) => read(join(REPOSITORY, folder, 'package.json')))
const entries = manifests.flatMap(({ name, exports }) =>
  Object.entries(exports).map(([path, target]) => ({
    specifier: name + path.slice(1),
    hasCode: target.default !== undefined,
  })),
)

// What a consumer gets: every package built, unless it is, then packed, and installed from its tarball in a folder of
// its own.
const folder = mkdtempSync(join(tmpdir(), 'seamark-packed-'))
const tarballs = join(folder, 'tarballs')
const consumer = join(folder, 'consumer')

async function must(argv: readonly string[], cwd: string): Promise<string> {
  const { ok, output } = await runProgram(argv, cwd)
  if (!ok) throw new Error(`${argv.join(' ')}\n${output}`)
  return output
}

const typescript = [join(REPOSITORY, 'node_modules/.bin/tsc'), '-p', 'tsconfig.json']

function writeConfig(files: readonly string[]): void {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(REPOSITORY, 'node_modules/@types')],
  }
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
}

beforeAll(async () => {
  // Vitest's children resolve sources; a consumer does not.
  delete process.env['NODE_OPTIONS']
  const built = await build(folders.filter((each) => !isBuilt(each)))
  if (!built.ok) throw new Error(built.output)
  mkdirSync(tarballs)
  mkdirSync(consumer)
  await pack(folders, tarballs)
  const dependencies = Object.fromEntries(
    manifests.map(({ name, version }) => [
      name,
      `file:${join(tarballs, `${name.slice(1).replace('/', '-')}-${version}.tgz`)}`,
    ]),
  )
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  await must(['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'], consumer)
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000)

describe('packed packages', () => {
  it('each entry point is used by a program', () => {
    const used = new Set(programs.flatMap(({ uses }) => uses.map((name) => `@seamark/${name}`)))
    const withCode = entries.filter(({ hasCode }) => hasCode).map(({ specifier }) => specifier)
    expect([...used].toSorted()).toEqual(withCode.toSorted())
  })

  it.each(programs.map((each, index) => ({ names: each.uses.join(', '), each, index })))(
    'does its work in a folder without the repository: $names',
    async ({ each, index }) => {
      writeFileSync(join(consumer, `program-${index}.mjs`), programText(each))
      await must(['node', `program-${index}.mjs`, mkdtempSync(join(folder, 'own-'))], consumer)
    },
  )

  it('@seamark/core emits no JavaScript', () => {
    const files = readdirSync(join(consumer, 'node_modules/@seamark/core'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((file) => /\.[mc]?js$/.test(file))).toEqual([])
    expect(files).toContain('dist/index.d.ts')
  })

  it.each(manifests)('$name carries its licence and no sources or workspace ranges', ({ name }) => {
    const root = join(consumer, 'node_modules', name)
    const files = readdirSync(root)
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'package.json']))
    expect(files).not.toContain('src')
    expect(readFileSync(join(root, 'package.json'), 'utf8')).not.toContain('workspace:')
  })

  it('every declaration checks in a strict consumer with nodenext and without skipLibCheck', async () => {
    const lines = entries.map(({ specifier }, index) => `export type * as m${index} from '${specifier}'`)
    writeFileSync(join(consumer, 'consumer.ts'), lines.join('\n'))
    writeConfig(['consumer.ts'])
    const { output } = await runProgram(typescript, consumer)
    expect(output.split('\n').filter((line) => line.includes('@seamark') || line.startsWith('consumer.ts'))).toEqual([])
  })

  it("the README's program compiles", async () => {
    const [, program = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(REPOSITORY, 'README.md'), 'utf8')) ?? []
    expect(program).toContain('seamarkClient')
    writeFileSync(join(consumer, 'readme.ts'), program)
    writeConfig(['readme.ts'])
    expect(await must(typescript, consumer)).toBe('')
  })

  it.each(
    manifests.flatMap(({ bin = {} }) => Object.keys(bin)).filter((name) => /^seamark(?:-conformance)?$/.test(name)),
  )('the %s command starts', async (name) => {
    expect(await must([join(consumer, 'node_modules/.bin', name), '--help'], consumer)).toContain(name)
  })
})
