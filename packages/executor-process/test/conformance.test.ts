import { registerSuite, underTraits } from '@seamark/conformance'
import { executorSuite } from '@seamark/conformance/executor'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { processExecutor } from '../src/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-process-'))
afterAll(() => rm(dir, { recursive: true, force: true }))

// One data folder, so one supervisor; executors of different names see nothing of each other.
let count = 0

const subject = async () => {
  const options = { dir, name: `process-${++count}`, graceMs: 100 }
  let open = processExecutor(options)
  return {
    seam: open,
    async reopen() {
      await open.close?.()
      open = processExecutor(options)
      return open
    },
    async dispose() {
      const last = processExecutor(options)
      for await (const { launchId } of last.list()) await last.reap(launchId)
      await Promise.all([last.close?.(), open.close?.()])
    },
  }
}

registerSuite(executorSuite, subject, { describe, it })
registerSuite(underTraits(executorSuite, subject), subject, { describe, it })
