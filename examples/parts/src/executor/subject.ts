import type { ExecutorSubject } from '@seamark/conformance/executor'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { offlineExecutor } from './offline-executor.ts'

/** An executor with a supervisor of its own for one case of the suite. */
export async function subject(): Promise<ExecutorSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-offline-'))
  const options = { dir, graceMs: 100 }
  let open = offlineExecutor(options)
  return {
    seam: open,
    async reopen() {
      await open.close?.()
      open = offlineExecutor(options)
      return open
    },
    async dispose() {
      const last = offlineExecutor(options)
      for await (const { launchId } of last.list()) await last.reap(launchId)
      for (const executor of [last, open]) await executor.close?.()
      await rm(dir, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
