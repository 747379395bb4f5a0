import { defineConfig } from 'vitest/config'

const folders = ['packages/*', 'apps/*', 'examples/*', 'bench', 'scripts', 'vectors']
const tests = (suffix: string): string[] => folders.map((folder) => `${folder}/**/*${suffix}`)

/** Three projects, by what a file's tests need: `plain` nothing, `sandbox` bubblewrap, `services` a service. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 30_000,
    // Child processes (supervisor, server) resolve `src/` the same way.
    env: { NODE_OPTIONS: '--conditions=source' },
    projects: [
      {
        extends: true,
        test: {
          name: 'plain',
          include: tests('.test.ts'),
          exclude: [...tests('.sandbox.test.ts'), ...tests('.services.test.ts')],
        },
      },
      { extends: true, test: { name: 'sandbox', include: tests('.sandbox.test.ts') } },
      {
        extends: true,
        test: {
          name: 'services',
          include: tests('.services.test.ts'),
          globalSetup: './packages/testing-services/src/global-setup.ts',
        },
      },
    ],
  },
})
