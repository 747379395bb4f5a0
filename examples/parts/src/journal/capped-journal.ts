import type { Journal, Projections } from '@seamark/core'
import { SeamError } from '@seamark/kit'

export interface CappedJournalOptions {
  /** What keeps the records. */
  readonly store: { readonly journal: Journal; readonly projections: Projections }
  /** Records that a namespace may have before only what is urgent is taken. */
  readonly maxRecords: number
  /** Name of this instance. Default `capped`. */
  readonly name?: string
}

/**
 * A journal that takes no new work once a namespace has so many records. What is under way is ended and recorded all the same. Errors:
 * `LIMIT_EXCEEDED` for what is not urgent and does not fit; otherwise those of the store.
 */
export function cappedJournal({ store, maxRecords, name = 'capped' }: CappedJournalOptions): {
  readonly journal: Journal
  readonly projections: Projections
} {
  const { journal: inner, projections } = store
  const journal: Journal = {
    ...inner,
    kind: 'capped',
    name,
    async append(lease, expectedSize, batch, options) {
      const fits = expectedSize + batch.records.length <= maxRecords
      // Who has lost the lease, or has not seen all that is there, is told so by the store.
      const refused =
        !fits && options?.urgent !== true && !lease.lost.aborted && (await inner.head(lease.ns)).size === expectedSize
      if (refused)
        throw new SeamError('LIMIT_EXCEEDED', `The namespace ${lease.ns} may have ${maxRecords} records.`, {
          remedy: 'Begin a new namespace, or raise `maxRecords`.',
        })
      return inner.append(lease, expectedSize, batch, options)
    },
  }
  return { journal, projections: { ...projections, kind: 'capped', name } }
}
