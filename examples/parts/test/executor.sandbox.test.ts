import { registerSuite, underTraits } from '@seamark/conformance'
import { executorSuite } from '@seamark/conformance/executor'
import type { Executor } from '@seamark/core'
import { processExecutor } from '@seamark/executor-process'
import { launchId } from '@seamark/kit'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { offlineExecutor } from '../src/executor/offline-executor.ts'
import { subject } from '../src/executor/subject.ts'

registerSuite(executorSuite, subject, { describe, it })
registerSuite(underTraits(executorSuite, subject, ['aborted-before']), subject, { describe, it })

it('takes the network away, this host too', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-offline-'))
  const executors = [offlineExecutor({ dir, graceMs: 100 }), processExecutor({ dir, graceMs: 100 })]
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : expect.fail('no port')
    const program = `require('node:net').connect(${port}, '127.0.0.1', () => process.exit(0)).on('error', () => process.exit(3))`
    const codes = await Promise.all(executors.map((executor) => codeOf(executor, [process.execPath, '-e', program])))
    expect(codes).toEqual([3, 0])
  } finally {
    server.close()
    for (const executor of executors) await executor.close?.()
    await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  }
})

/** The exit code of a program. */
async function codeOf(executor: Executor, argv: readonly string[]): Promise<number | undefined> {
  const id = launchId('default', 'run', executor.name, 1, 'main')
  await executor.launch(id, { argv, env: {}, cwd: '/', mounts: [] })
  for await (const event of executor.events(undefined)) {
    if (event.launchId !== id || event.state.state !== 'exited') continue
    await executor.reap(id)
    return event.state.exit.code
  }
  return undefined
}
