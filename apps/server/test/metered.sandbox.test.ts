import { sandboxExecutor } from '@seamark/executor-sandbox'
import { describe } from 'vitest'
import { testsOfMeters } from './metered.ts'

describe('in the sandbox', () =>
  testsOfMeters(async (dir) => ({
    make: () => sandboxExecutor({ dir, graceMs: 100 }),
    stop: async () => undefined,
  })))
