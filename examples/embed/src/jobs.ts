import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Executor, RunRow, StorageProvider } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { allowLocal, SeamError } from '@seamark/kit'
import { newOrigin } from '@seamark/log'
import { createEngine } from '@seamark/orchestrator'
import { newRunId, parsePlanIsolated } from '@seamark/protocol'
import { command } from '@seamark/runtime-command'
import { localSigner } from '@seamark/signer-local'
import { localWorker } from '@seamark/worker'

const ns = 'default'

/** Jobs of a service: plans that run on its own executor, with their products in its own storage. `dir` is absolute. */
export async function startJobs(dir: string, storage: StorageProvider, executor: Executor) {
  const runtimes = [command()]
  const store = sqliteJournal({ dir: join(dir, 'journal') })
  const worker = localWorker({ dir: join(dir, 'work'), storage, runtimes })
  const engine = createEngine({
    ns,
    journal: store.journal,
    projections: store.projections,
    worker,
    executors: [executor],
    runtimes: ['command'],
    authorizer: allowLocal(),
    signer: localSigner({ path: join(dir, 'keys', 'log.pem'), role: 'log' }),
    queues: { default: { concurrency: 4 } },
    newOrigin: () => newOrigin('seamark.invalid', randomBytes(16)),
    version: '1.0.0',
    holder: `process ${process.pid}`,
    onNotice: (error) => console.warn(error.message),
  })
  await engine.start()
  const names = { queues: ['default'], executors: [{ name: executor.name }], runtimes: ['command'] }
  const deployment = { ...names, defaults: { executor: executor.name } }

  return {
    /** From the text of a plan, which is not trusted, to the id of a durable run. Errors: all that is wrong, with places. */
    async submit(plan: string, user: string): Promise<string> {
      const parsed = await parsePlanIsolated(plan, { deployment })
      if (!parsed.ok) throw new SeamError('INVALID_INPUT', 'The plan is refused.', { problems: parsed.problems })
      const { digest, items, workspace: source } = parsed.plan
      const type = source.git === undefined ? 'empty' : 'git'
      const workspace = await worker.workspaces(ns, type).resolve({ ...source, from: dir })
      const submission = { run: newRunId(), plan: digest, spec: { workspace }, items }
      return (await engine.submit({ id: `local:${user}` }, submission)).run
    },
    done: (run: string) => engine.sealed(run),
    list: async (): Promise<readonly RunRow[]> => (await store.projections.query(ns, 'runs', {})).rows,
    stop: () => engine.stop(),
  }
}
