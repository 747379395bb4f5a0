import { registerSuite } from '@seamark/conformance'
import { executorSuite, type ExecutorSubject } from '@seamark/conformance/executor'
import { startDocker } from '@seamark/testing-services'
import type { DockerEngine, RunningServer } from '@seamark/testing-services'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { dockerExecutor } from '../src/index.ts'

let engine: DockerEngine & RunningServer
beforeAll(async () => {
  engine = await startDocker()
}, 60_000)
afterAll(() => engine.stop(), 60_000)

// Executors of different deployments see nothing of each other.
let count = 0

registerSuite(
  executorSuite,
  async (): Promise<ExecutorSubject> => {
    const { socketPath, image } = engine
    const options = { socketPath, image, deployment: `case-${++count}` }
    let open = dockerExecutor(options)
    return {
      seam: open,
      async reopen() {
        await open.close?.()
        open = dockerExecutor(options)
        return open
      },
      async dispose() {
        const last = dockerExecutor(options)
        for await (const { launchId } of last.list()) await last.reap(launchId)
        await Promise.all([last.close?.(), open.close?.()])
      },
    }
  },
  { describe, it },
)
