import { registerSuite, underTraits } from '@seamark/conformance'
import { executorSuite, type ExecutorSubject } from '@seamark/conformance/executor'
import { describe, expect, it } from 'vitest'
import { memoryArgv, memoryExecutor, memoryHost } from '../src/index.ts'

const id = 'sm' + 'a'.repeat(32)
const other = 'sm' + 'b'.repeat(32)

const make = async (): Promise<ExecutorSubject> => {
  const host = memoryHost()
  let open = memoryExecutor({ host })
  return {
    seam: open,
    programs: memoryArgv,
    async reopen() {
      await open.close?.()
      open = memoryExecutor({ host })
      return open
    },
    async dispose() {
      for (const launchId of host.launches.keys()) host.reap(launchId)
      await open.close?.()
    },
  }
}

registerSuite(executorSuite, make, { describe, it })
registerSuite(underTraits(executorSuite, make), make, { describe, it })

describe('memory host', () => {
  const spec = { argv: ['sleep', '60000'], env: {}, cwd: '/', mounts: [] }

  it('refuses what does not fit and takes it when there is room', async () => {
    const host = memoryHost({ capacity: 1 })
    const executor = memoryExecutor({ host })
    expect(await executor.launch(id, spec)).toEqual({ outcome: 'launched' })
    expect(await executor.launch(other, spec)).toEqual({ outcome: 'refused', reason: 'capacity' })
    expect(await executor.attach(other)).toEqual({ state: 'unknown' })
    host.reap(id)
    expect(await executor.launch(other, spec)).toEqual({ outcome: 'launched' })
    host.reap(other)
  })

  it('loses launches on request', async () => {
    const host = memoryHost()
    const executor = memoryExecutor({ host })
    await executor.launch(id, spec)
    host.lose(id)
    expect(await executor.attach(id)).toEqual({ state: 'lost' })
  })

  it('runs programs of the test', async () => {
    const host = memoryHost({
      programs: { greet: async ({ env, write }) => (write('stdout', Buffer.from(`hi ${env['WHO']}`)), 4) },
    })
    const executor = memoryExecutor({ host })
    await executor.launch(id, { ...spec, argv: ['greet'], env: { WHO: 'you' } })
    const chunks: Uint8Array[] = []
    for await (const chunk of executor.output(id, 'stdout', 0)) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('hi you')
    expect(await executor.attach(id)).toMatchObject({
      state: 'exited',
      exit: { reason: 'exited', code: 4, outputBytes: 6 },
    })
  })
})
