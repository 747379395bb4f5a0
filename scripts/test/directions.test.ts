import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linkPackage, REPOSITORY, withFiles, workspacePackage } from './planted.ts'

interface Plant {
  /** The file that is planted. */
  readonly file: string
  readonly text: string
  /** The rules that must reject it, and no others; none where it is allowed. */
  readonly rules: readonly string[]
}

const imports = (specifier: string): string => `import type { Thing } from '${specifier}'\nexport type Other = Thing\n`
const plant = (file: string, text: string, ...rules: string[]): Plant => ({ file, text, rules })

/** `from package` → `to package`, by name, types only: every one of these is against the table. */
const against = [
  ['core', 'kit'],
  ['kit', 'log'],
  ['log', 'evidence'],
  ['evidence', 'orchestrator'],
  ['orchestrator', 'journal-sqlite'],
  ['orchestrator', 'protocol'],
  ['worker', 'supervisor'],
  ['supervisor', 'log'],
  ['journal-sqlite', 'orchestrator'],
  ['storage-local', 'evidence'],
  ['executor-process', 'executor-sandbox'],
  ['signer-local', 'protocol'],
  ['anchor-file', 'signer-local'],
  ['runtime-command', 'executor-process'],
  ['protocol', 'log'],
  ['config', 'sdk'],
  ['sdk', 'evidence'],
  ['cli', 'orchestrator'],
  ['conformance', 'testing'],
  ['testing', 'conformance'],
] as const

const along = [
  ['kit', 'core'],
  ['log', 'kit'],
  ['evidence', 'log'],
  ['orchestrator', 'evidence'],
  ['executor-sandbox', 'supervisor'],
  ['sdk', 'protocol'],
  ['cli', 'evidence'],
] as const

const seams = /^(journal|storage|executor|signer|anchor|authorizer|runtime)-.*/
const byName: readonly Plant[] = [
  ...against.map(([from, to]) =>
    plant(`packages/${from}/src/planted-${to}.ts`, imports(`@seamark/${to}`), `direction-${from.replace(seams, '$1')}`),
  ),
  ...along.map(([from, to]) => plant(`packages/${from}/src/fine-${to}.ts`, imports(`@seamark/${to}`))),
]

const others: readonly Plant[] = [
  plant('packages/log/src/planted-io.ts', "export { readFileSync } from 'node:fs'\n", 'pure-files-do-no-io'),
  plant('packages/orchestrator/src/decide-io.ts', "export { hostname } from 'node:os'\n", 'pure-files-do-no-io'),
  plant('packages/log/src/fine-crypto.ts', "export { createHash } from 'node:crypto'\n"),
  plant('packages/orchestrator/src/loop.ts', "export { setTimeout } from 'node:timers/promises'\n"),
  plant(
    'packages/kit/src/planted-app.ts',
    imports('../../../apps/server/src/index.ts'),
    'no-import-of-apps',
    'no-deep-import',
  ),
  plant('packages/kit/src/planted-script.ts', imports('../../../scripts/build.ts'), 'no-import-of-apps'),
  plant('packages/kit/src/planted-deep.ts', imports('../../core/src/index.ts'), 'no-deep-import'),
  plant('packages/kit/src/planted-test.ts', imports('../test/fixture.ts'), 'no-import-of-tests'),
  plant('packages/kit/src/planted-nowhere.ts', "export * from '@nowhere/none'\n", 'no-unresolved'),
  plant(
    'packages/kit/src/planted-left.ts',
    "import type { Right } from './planted-right.ts'\nexport type Left = Right\n",
    'no-cycle',
  ),
  plant(
    'packages/kit/src/planted-right.ts',
    "import type { Left } from './planted-left.ts'\nexport type Right = Left\n",
  ),
  plant(
    'packages/storage-local/src/planted-vendor.ts',
    "import '@aws-sdk/client-s3'\n",
    'vendor-sdk-in-port',
    'no-unresolved',
  ),
  plant('packages/storage-local/src/s3-port.ts', "import '@aws-sdk/client-s3'\n", 'no-unresolved'),
  plant('packages/brand-new/src/planted.ts', imports('@seamark/core'), 'direction-unknown-package'),
  plant('apps/server/src/fine.ts', imports('@seamark/orchestrator')),
  plant('packages/orchestrator/test/fine.test.ts', imports('@seamark/journal-sqlite')),
]

const plants = [...byName, ...others]

async function violations(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const folders = new Set(['packages/core', 'packages/brand-new', 'apps/server'])
  for (const pair of [...against, ...along]) for (const name of pair) folders.add(`packages/${name}`)
  const files: Record<string, string> = {
    'package.json': '{ "type": "module" }',
    'scripts/build.ts': 'export interface Thing { readonly a: number }\n',
    'packages/kit/test/fixture.ts': 'export interface Thing { readonly a: number }\n',
  }
  for (const folder of folders) Object.assign(files, workspacePackage(folder))
  for (const { file, text } of plants) files[file] = text
  return withFiles(files, (root) => {
    for (const from of folders)
      for (const to of folders) if (from !== to && to.startsWith('packages/')) linkPackage(root, from, to)
    const config = join(REPOSITORY, '.dependency-cruiser.mjs')
    const program = join(REPOSITORY, 'node_modules/.bin/depcruise')
    const result = spawnSync(program, ['--config', config, '--output-type', 'json', 'packages', 'apps'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    const found = new Map<string, Set<string>>()
    for (const violation of JSON.parse(result.stdout).summary.violations) {
      const rules = found.get(violation.from) ?? new Set<string>()
      found.set(violation.from, rules.add(violation.rule.name))
    }
    return found
  })
}

describe('dependency directions', async () => {
  const found = await violations()
  it.each(plants)('$file', ({ file, rules }) => {
    expect([...(found.get(file) ?? [])].sort()).toEqual([...rules].sort())
  })
})
