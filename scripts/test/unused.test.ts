import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runProgram } from '../run-step.ts'
import { REPOSITORY, withFiles, workspacePackage } from './planted.ts'

const kept = (file: string): Readonly<Record<string, string>> => ({
  [file]: readFileSync(join(REPOSITORY, file), 'utf8'),
})
const thing = 'export interface Thing { readonly a: number }\n'

async function unused(files: Readonly<Record<string, string>>, manifest: object = {}): Promise<readonly string[]> {
  const path = 'packages/kit/package.json'
  const text = workspacePackage('packages/kit')[path] ?? ''
  const repository = {
    'package.json': '{ "type": "module", "private": true, "workspaces": ["packages/*", "apps/*"] }',
    'apps/.keep': '',
    ...kept('knip.config.ts'),
    ...kept('scripts/workspace.ts'),
    ...kept('scripts/repository-rules.ts'),
    ...workspacePackage('packages/kit'),
    [path]: JSON.stringify({ ...JSON.parse(text), ...manifest }),
    ...files,
  }
  return withFiles(repository, async (folder) => {
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'))
    const { output } = await runProgram(['knip', '--no-config-hints', '--reporter', 'json'], folder)
    const { issues } = JSON.parse(output)
    return issues.flatMap((issue: Readonly<Record<string, unknown>>) =>
      Object.entries(issue)
        .filter(([kind, found]) => kind !== 'file' && Array.isArray(found) && found.length > 0)
        .map(([kind]) => `${kind} ${String(issue['file'])}`),
    )
  })
}

it('finds nothing where all is used', async () => {
  expect(await unused({})).toEqual([])
})

it('finds a file that nothing imports', async () => {
  expect(await unused({ 'packages/kit/src/orphan.ts': thing })).toEqual(['files packages/kit/src/orphan.ts'])
})

it('finds an export that nobody uses', async () => {
  const files = { 'packages/kit/src/index.ts': "export { a } from './a.ts'\n", 'packages/kit/src/a.ts': 'export const a = 1\nexport const b = 2\n' } // prettier-ignore
  expect(await unused(files)).toEqual(['exports packages/kit/src/a.ts'])
})

it('finds a dependency that is declared and not used', async () => {
  expect(await unused({}, { dependencies: { zod: '1.0.0' } })).toEqual(['dependencies packages/kit/package.json'])
})

it('takes a program that the manifest names for used', async () => {
  const seamark = { programs: { program: 'src/program.ts' } }
  expect(await unused({ 'packages/kit/src/program.ts': thing }, { seamark })).toEqual([])
})
