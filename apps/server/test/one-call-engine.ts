import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { allowLocal } from '@seamark/kit'
import type { Engine, EngineOptions } from '@seamark/orchestrator'
import { createEngine } from '@seamark/orchestrator'
import { localSigner } from '@seamark/signer-local'
import { instantHands } from '@seamark/testing'

/** Starts an engine on a data folder whose attempts make one call each, of 60 tokens and 0.9 dollars, and fail where it is refused. */
export async function oneCallEngine(
  data: string,
  budgets: EngineOptions['budgets'] & object,
): Promise<{ readonly engine: Engine; stop(): Promise<void> }> {
  mkdirSync(data, { mode: 0o700 })
  const store = sqliteJournal({ dir: join(data, 'journal') })
  const hands = instantHands()
  const refused = new Set<string>()
  const worker: Worker = {
    ...hands.worker,
    async follow(task, executor, exit, options) {
      const amount = { tokens: 60, nanoUsd: 900_000_000 }
      const usage = options?.port?.usage
      const answer = await usage?.reserve({ id: 'c1', provider: 'anthropic', model: 'a-model', worst: amount })
      if (answer?.ok === true) await usage?.settle('c1', { as: 'used', amount })
      else refused.add(task.launchId)
      await hands.worker.follow(task, executor, exit)
    },
    async capture(task, executor, exit, options) {
      const report = await hands.worker.capture(task, executor, exit, options)
      const failed = { outcome: 'failed', reason: 'exit-code', detail: '1' } as const
      return refused.has(task.launchId) ? { ...report, verdict: failed } : report
    },
  }
  const engine = createEngine({
    ns: 'default',
    ...store,
    worker,
    executors: hands.executors.map((executor) => ({ ...executor, name: 'process' })),
    runtimes: ['command'],
    authorizer: allowLocal(),
    signer: localSigner({ path: join(data, 'keys', 'log.pem'), role: 'log' }),
    queues: { default: { concurrency: 1 } },
    budgets,
    newOrigin: () => `seamark.invalid/${'0'.repeat(32)}`,
    version: '0.0.0',
    holder: 'before',
  })
  await engine.start()
  return {
    engine,
    async stop() {
      await engine.stop()
      await store.journal.close()
    },
  }
}
