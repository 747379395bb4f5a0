import { randomBytes } from 'node:crypto'
import type { Journal, JournalBatch, Projections, Signer, Submission } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { allowLocal } from '@seamark/kit'
import { newOrigin } from '@seamark/log'
import type { Engine, EngineOptions } from '@seamark/orchestrator'
import { createEngine } from '@seamark/orchestrator'
import { localSigner } from '@seamark/signer-local'
import { join } from 'node:path'
import { noopExecutor, noopWorker } from './noop.ts'
import { submissionOf } from './plans.ts'
import type { Shape } from './plans.ts'

export const NS = 'default'
const local = { id: 'local:0' }

/** An engine whose items do nothing: what is measured is the engine and its journal. */
export interface Rig {
  readonly engine: Engine
  readonly journal: Journal
  readonly signer: Signer
  /** Submits a plan and waits until it is sealed under a signed checkpoint. Resolves with the milliseconds it took. */
  run(run: string, shape: Shape, count: number): Promise<number>
  close(): Promise<void>
}

/**
 * Starts one in a data folder laid out as the reference server's, on SQLite where no other store is given. While
 * `keep` names a list, each batch that became durable is added to it.
 */
export async function startRig(
  dir: string,
  keep?: () => JournalBatch[] | undefined,
  store: { readonly journal: Journal; readonly projections: Projections } = sqliteJournal({
    dir: join(dir, 'journal'),
  }),
  more: Partial<EngineOptions> = {},
): Promise<Rig> {
  const signer = localSigner({ path: join(dir, 'keys', 'log.pem'), role: 'log' })
  const journal: Journal = keep === undefined ? store.journal : watched(store.journal, keep)
  const notices: Error[] = []
  const engine = createEngine({
    ns: NS,
    journal,
    projections: store.projections,
    worker: noopWorker(),
    executors: [noopExecutor()],
    runtimes: ['command'],
    authorizer: allowLocal(),
    signer,
    queues: { default: { concurrency: 64 } },
    newOrigin: () => newOrigin('seamark.invalid', randomBytes(16)),
    version: '0.0.0',
    holder: 'bench',
    onNotice: (error) => notices.push(error),
    ...more,
  })
  await engine.start()
  return {
    engine,
    journal,
    signer,
    async run(run, shape, count) {
      // Let go of once it is submitted: the engine's memory is measured, not the caller's.
      let submission: Submission | undefined = submissionOf(run, shape, count)
      const started = performance.now()
      const submitted = engine.submit(local, submission)
      submission = undefined
      await submitted
      const status = await Promise.race([engine.sealed(run), engine.failed.then(fail)])
      const ms = performance.now() - started
      if (status !== 'succeeded' || notices.length > 0) throw notices[0] ?? new Error(`Run ${run} ${status}.`)
      return ms
    },
    async close() {
      await engine.stop()
      await store.journal.close()
    },
  }
}

function fail(reason: unknown): never {
  throw reason instanceof Error ? reason : new Error(String(reason))
}

function watched(journal: Journal, keep: () => JournalBatch[] | undefined): Journal {
  return {
    ...journal,
    async append(lease, expectedSize, batch, options) {
      const kept = keep()
      if (kept === undefined) return journal.append(lease, expectedSize, batch, options)
      // Rows are made of the state as it is now.
      const whole = { ...batch, changes: [...batch.changes] }
      await journal.append(lease, expectedSize, whole, options)
      kept.push(whole)
    },
  }
}
