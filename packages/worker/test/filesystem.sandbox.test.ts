import { sandboxExecutor } from '@seamark/executor-sandbox'
import { describe } from 'vitest'
import { testsOfFiles } from './filesystem.ts'

describe('files of a policy, in the sandbox', () =>
  testsOfFiles(async (dir) => {
    const executor = sandboxExecutor({ dir, graceMs: 100 })
    return { executor, end: async () => executor.close?.() }
  }))
