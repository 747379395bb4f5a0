import { readFileSync } from 'node:fs'
import type { KnipConfig } from 'knip'
import { packageFolders } from './scripts/workspace.ts'

interface Manifest {
  readonly seamark?: { readonly programs?: Readonly<Record<string, string>> }
}

/** Programs that a package starts by their paths, as its manifest says; a test's are told by their names. */
const programs = (folder: string): readonly string[] => {
  const manifest: Manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  return Object.values(manifest.seamark?.programs ?? {})
}
const packages = Object.fromEntries(
  packageFolders().map((folder) => [
    folder,
    {
      entry: [...programs(folder), 'test/**/*.child.ts', 'test/**/*.mjs'],
      project: ['src/**/*.ts', 'test/**/*.{ts,mjs}'],
    },
  ]),
)

const config: KnipConfig = {
  workspaces: {
    '.': { entry: ['scripts/*.ts', '*.config.ts'], project: ['scripts/**/*.ts', 'vectors/**/*.ts'] },
    ...packages,
    // Found by their paths, to be started.
    'apps/server': { ...packages['apps/server'], ignoreDependencies: ['@modelcontextprotocol/sdk', 'verdaccio'] },
    'packages/testing-services': { entry: ['src/wire-main.ts'] },
    'packages/orchestrator': { ...packages['packages/orchestrator'], entry: ['test/simulation/{run,measure}.ts'] },
    'examples/configs': { entry: ['src/*.config.ts'] },
    'examples/parts': { entry: ['src/*.config.ts'] },
    'examples/demo': { entry: ['src/make-bundle.ts', 'src/agent/configuration.ts', '{agent,tools}/**/*.mjs'] },
    'examples/acp-agent': { entry: ['src/agent.mjs'] },
  },
  // Programs that scripts start by their names.
  ignoreDependencies: ['dependency-cruiser', 'oxlint', 'oxlint-tsgolint', 'prettier'],
  // Programs of the machine: scripts/tools.ts lists them.
  exclude: ['binaries'],
  ignoreExportsUsedInFile: true,
}
export default config
