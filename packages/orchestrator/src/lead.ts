import type { Journal } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import type { Parts } from './parts.ts'

/** What work holds on to that only the leader may do. */
export interface Lead {
  /** Fires when the engine has failed, its lease being lost for example, or begins to stop. */
  readonly signal: AbortSignal
  /**
   * Asks the journal whether another one has led since, which is known there before it is told. Errors: `CONFLICT` where one
   * has, `ABORTED`, those of `Journal.head`.
   */
  check(): Promise<void>
}

interface Needs {
  readonly ns: string
  readonly journal: Journal
  readonly running: () => Parts
  readonly gone: AbortSignal
}

export function whileLeading({
  ns,
  journal,
  running,
  gone,
}: Needs): <T>(work: (lead: Lead) => Promise<T>) => Promise<T> {
  return async (work) => {
    const { loop, works } = running()
    throwIfAborted(gone)
    const underWay = work({
      signal: gone,
      async check() {
        const { size } = await journal.head(ns, { signal: gone })
        throwIfAborted(gone)
        // Whoever takes the lease appends first of all, and nothing that this one appended is ahead of its state.
        if (size > loop.state.size)
          throw new SeamError('CONFLICT', `Another service leads the namespace ${ns} by now.`, {
            remedy: 'Ask that one.',
          })
      },
    })
    works.add(underWay)
    try {
      return await underWay
    } finally {
      works.delete(underWay)
    }
  }
}
