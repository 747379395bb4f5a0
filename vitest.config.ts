import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'scripts/test/**/*.test.ts', 'vectors/**/*.test.ts'],
    testTimeout: 30_000,
    // Child processes (supervisor, server) resolve `src/` the same way.
    env: { NODE_OPTIONS: '--conditions=source' },
  },
})
