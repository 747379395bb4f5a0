import { registerSuite, underTraits } from '@seamark/conformance'
import { executorSuite, type ExecutorSubject } from '@seamark/conformance/executor'
import { startDocker } from '@seamark/testing-services'
import type { DockerEngine, RunningServer } from '@seamark/testing-services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dockerExecutor } from '../src/index.ts'

let engine: DockerEngine & RunningServer
beforeAll(async () => {
  engine = await startDocker()
}, 60_000)
afterAll(() => engine.stop(), 60_000)

// Executors of different deployments see nothing of each other.
let count = 0

const subjectWith = (runtime: string) => async (): Promise<ExecutorSubject> => {
  const { socketPath, image } = engine
  const options = { socketPath, image, runtime, deployment: `case-${++count}` }
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
}

const withRunc = subjectWith('runc')
registerSuite(executorSuite, withRunc, { describe, it })
registerSuite(underTraits(executorSuite, withRunc), withRunc, {
  describe,
  it,
})

/** What another runtime could do in another way. */
const touched = [
  'signals',
  'kill-takes-the-tree',
  'end-takes-the-tree',
  'timeout',
  'output-limit',
  'outlives-the-service',
  'sends-on',
  'hostile-text',
  'read-only-mounts',
  'disk-limit',
  'idle-limit',
  'within-all-limits',
  'limits-not-held',
].map((name) => `executor/${name}`)
const cases = executorSuite.cases.filter(({ id }) => touched.includes(id))

describe('with gVisor', () => {
  it('the cases are there', () => expect(cases.length).toBe(touched.length))
  registerSuite({ ...executorSuite, cases }, subjectWith('runsc'), { describe, it })
})
