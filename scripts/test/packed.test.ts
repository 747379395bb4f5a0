import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tarballProblems } from '../packed.ts'
import { runProgram } from '../run-step.ts'
import { withFiles } from './planted.ts'

const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } }
const good = {
  name: '@planted/thing',
  version: '1.0.0',
  description: 'A thing.',
  license: 'Apache-2.0',
  type: 'module',
  repository: { type: 'git', url: 'git+https://example.com/thing.git' },
  exports,
  files: ['dist', 'src', 'LICENSE', 'README.md'],
  dependencies: { '@planted/other': '1.2.3' },
}
const files = {
  'dist/index.js': 'export const a = 1\n',
  'dist/index.d.ts': 'export declare const a: number\n',
  LICENSE: 'Anyone may.\n',
  'README.md': '# Thing\n',
}

interface Plant {
  readonly name: string
  readonly manifest?: object
  readonly files?: Readonly<Record<string, string>>
  readonly without?: string
  /** What each problem says at least; none where all is well. */
  readonly problems: readonly string[]
}

const plants: readonly Plant[] = [
  { name: 'a package as it should be', problems: [] },
  {
    name: 'a condition that leads to sources',
    manifest: { exports: { '.': { source: './src/index.ts', ...exports['.'] } } },
    problems: ['/exports/./source'],
  },
  { name: 'a field that only the repository needs', manifest: { seamark: { programs: {} } }, problems: ['/seamark'] },
  {
    name: 'a range of the workspace',
    manifest: { dependencies: { '@planted/other': 'workspace:*' } },
    problems: ['/dependencies/@planted~1other'],
  },
  {
    name: 'a range that lets other versions in',
    manifest: { dependencies: { zod: '^4.0.0' } },
    problems: ['/dependencies/zod'],
  },
  { name: 'sources', files: { 'src/index.ts': 'export const a = 1\n' }, problems: ['src/index.ts'] },
  { name: 'no licence', without: 'LICENSE', problems: ['LICENSE'] },
  { name: 'an export that is not there', without: 'dist/index.js', problems: ['publint FILE_DOES_NOT_EXIST'] },
  {
    name: 'declarations that no import in Node resolves',
    files: { 'dist/index.d.ts': "export * from './other'\n", 'dist/other.d.ts': files['dist/index.d.ts'] },
    problems: ['InternalResolutionError'],
  },
  {
    name: 'types that say CommonJS of an ES module',
    manifest: { exports: { '.': { types: './dist/index.d.cts', default: './dist/index.js' } } },
    files: { 'dist/index.d.cts': 'export declare const a: number\n' },
    problems: ['FalseCJS'],
  },
  {
    name: 'no types',
    manifest: { exports: { '.': { default: './dist/index.mjs' } } },
    without: 'dist/index.d.ts',
    files: { 'dist/index.mjs': 'export const a = 1\n' },
    problems: ['no types'],
  },
]

async function problemsOf(plant: Plant): Promise<readonly string[]> {
  const written: Record<string, string> = { ...files, ...plant.files }
  if (plant.without !== undefined) delete written[plant.without]
  written['package.json'] = JSON.stringify({ ...good, ...plant.manifest })
  return withFiles(written, async (folder) => {
    const { ok, output } = await runProgram(['npm', 'pack', '--ignore-scripts', '--loglevel=error'], folder)
    expect(ok, output).toBe(true)
    return tarballProblems(readFileSync(join(folder, 'planted-thing-1.0.0.tgz')))
  })
}

describe('tarballs', () => {
  it.each(plants)('$name', async (plant) => {
    const found = await problemsOf(plant)
    for (const problem of plant.problems) expect(found).toContainEqual(expect.stringContaining(problem))
    if (plant.problems.length === 0) expect(found).toEqual([])
  })
})
