import { registerSuite, underTraits } from '@seamark/conformance'
import { executorSuite } from '@seamark/conformance/executor'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { sandboxExecutor } from '../src/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-sandbox-'))
afterAll(() => rm(dir, { recursive: true, force: true }))

// One data folder, so one supervisor; executors of different names see nothing of each other.
let count = 0

const subject = async () => {
  const options = { dir, name: `sandbox-${++count}`, graceMs: 100 }
  let open = sandboxExecutor(options)
  return {
    seam: open,
    async reopen() {
      await open.close?.()
      open = sandboxExecutor(options)
      return open
    },
    async dispose() {
      const last = sandboxExecutor(options)
      for await (const { launchId } of last.list()) await last.reap(launchId)
      await Promise.all([last.close?.(), open.close?.()])
    },
  }
}

registerSuite(executorSuite, subject, { describe, it })
registerSuite(underTraits(executorSuite, subject), subject, { describe, it })
