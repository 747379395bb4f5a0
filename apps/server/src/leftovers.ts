import type { Executor, Journal } from '@seamark/core'
import { SeamError, toSeamError } from '@seamark/kit'
import type { LocalWorker } from '@seamark/worker'

/** What is done between asking for the lease and giving it. */
export interface LeaseHooks {
  /** Called when it is taken. What it throws frees the lease again. */
  readonly taken: () => Promise<void>
  /** Ends waiting for it. */
  readonly signal: AbortSignal
}

/**
 * A journal whose lease is taken with something done in between.
 * Every method is named: those of an object that a class made are not its own, and need it as `this`.
 */
export function withLeaseTaken(journal: Journal, { taken, signal }: LeaseHooks): Journal {
  return {
    spec: journal.spec,
    kind: journal.kind,
    name: journal.name,
    guarantees: journal.guarantees,
    async acquire(ns, holder) {
      const lease = await journal.acquire(ns, holder, { signal })
      try {
        await taken()
        return lease
      } catch (error) {
        await lease.release()
        throw error
      }
    },
    append: (...args) => journal.append(...args),
    commitCheckpoint: (...args) => journal.commitCheckpoint(...args),
    head: (...args) => journal.head(...args),
    read: (...args) => journal.read(...args),
    hashes: (...args) => journal.hashes(...args),
    saveState: (...args) => journal.saveState(...args),
    loadState: (...args) => journal.loadState(...args),
    purge: (...args) => journal.purge(...args),
    close: () => journal.close(),
  }
}

/**
 * Removes what attempts of an earlier service left on the disk, but for those that an executor still has. Only under
 * the lease and before the engine makes new ones: then nobody else has any. Where an executor does not say what it has,
 * nothing is removed, which is told and no reason not to start: the next start tries again.
 */
export async function removeLeftovers(
  worker: Pick<LocalWorker, 'sweep'>,
  executors: readonly Pick<Executor, 'name' | 'list'>[],
  onNotice: (error: Error) => void,
): Promise<void> {
  const known = new Set<string>()
  for (const executor of executors) {
    try {
      for await (const { launchId } of executor.list()) known.add(launchId)
    } catch (error) {
      const { code, message } = toSeamError(error)
      onNotice(
        new SeamError(
          code,
          `Workspaces of earlier attempts are left: executor ${executor.name} does not answer: ${message}`,
        ),
      )
      return
    }
  }
  await worker.sweep(known)
}
