import { defineConfig } from 'vitest/config'

const folders = ['packages/*', 'apps/*', 'examples/*', 'bench', 'scripts', 'vectors']
const tests = (suffix: string): string[] => folders.map((folder) => `${folder}/**/*${suffix}`)

/**
 * Projects, by what a file's tests need: `plain` nothing, `sandbox` bubblewrap, `services` a service of the machine, and
 * `live` an account of AWS.
 */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    exclude: ['**/node_modules/**', '**/dist/**'],
    // A busy machine starts a process in seconds, and a test may start many.
    testTimeout: 120_000,
    maxWorkers: '100%',
    // Child processes (supervisor, server) resolve `src/` the same way.
    env: { NODE_OPTIONS: '--conditions=source' },
    projects: [
      {
        extends: true,
        test: {
          name: 'plain',
          include: tests('.test.ts'),
          exclude: [...tests('.sandbox.test.ts'), ...tests('.services.test.ts'), ...tests('.live.test.ts')],
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
      { extends: true, test: { name: 'live', include: tests('.live.test.ts'), testTimeout: 300_000 } },
    ],
  },
})
