import { memoryArgv, memoryExecutor, memoryHost } from '@seamark/testing'
import { describe, it } from 'vitest'
import { executorSuite, type ExecutorSubject } from '../src/executor.ts'
import { registerSaboteurs } from '../src/suite.ts'

const make = async (): Promise<ExecutorSubject> => {
  const host = memoryHost()
  const seam = memoryExecutor({ host })
  return {
    seam,
    programs: memoryArgv,
    reopen: async () => memoryExecutor({ host }),
    async dispose() {
      for (const launchId of host.launches.keys()) host.reap(launchId)
    },
  }
}

registerSaboteurs(executorSuite, make, { describe, it })
