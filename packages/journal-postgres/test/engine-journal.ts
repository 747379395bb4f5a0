import { randomUUID } from 'node:crypto'
import { SeamError } from '@seamark/kit'
import type { Journal, Lease } from '@seamark/core'
import type { MemoryJournal, MemoryJournalOptions } from '@seamark/testing'
import { postgresJournal } from '../src/index.ts'
import type { PostgresStore } from '../src/index.ts'

/** Where the journals of the engine's tests are. */
export interface Place {
  url(): string
  sql(text: string): Promise<unknown>
}

/** Calls to the database that have no answer yet. */
export const under: { way: number } = { way: 0 }

/** What the engine's own tests call `memoryJournal`, in a database. */
export function inDatabase(place: Place): {
  memoryJournal: (options?: MemoryJournalOptions) => MemoryJournal
  close(): Promise<void>
} {
  const stores = new Set<PostgresStore>()
  const close = async (store: PostgresStore): Promise<void> => {
    stores.delete(store)
    await store.journal.close()
  }

  function open(schema: string, options: MemoryJournalOptions, before: Promise<unknown>): MemoryJournal {
    let store: PostgresStore | undefined
    let dead = false
    let ready = before
    const made = (): PostgresStore => {
      if (dead) throw new SeamError('UNAVAILABLE', 'This handle is dead.')
      if (store === undefined) stores.add((store = postgresJournal({ url: place.url(), schema })))
      return store
    }
    const counted = async <T>(call: () => T | Promise<T>): Promise<T> => {
      under.way++
      try {
        await ready
        return await call()
      } finally {
        under.way--
      }
    }
    const inner = <Args extends unknown[], T>(
      call: (journal: Journal, ...args: Args) => Promise<T>,
    ): ((...args: Args) => Promise<T>) => {
      return (...args) => counted(() => call(made().journal, ...args))
    }

    const journal: Journal = {
      spec: 'journal/v1',
      kind: 'postgres',
      name: 'journal',
      guarantees: postgresJournal({ url: place.url() }).journal.guarantees,
      acquire: inner(async (to, ...args: Parameters<Journal['acquire']>): Promise<Lease> => {
        const lease = await to.acquire(...args)
        // A process that was killed hears nothing any more.
        const lost = new AbortController()
        lease.lost.addEventListener('abort', () => dead || lost.abort(lease.lost.reason))
        return { ...lease, lost: lost.signal, release: () => counted(() => lease.release()) }
      }),
      append: inner(async (to, ...[lease, size, batch, more = {}]: Parameters<Journal['append']>) => {
        if (more.urgent !== true && options.full?.() === true)
          throw new SeamError('LIMIT_EXCEEDED', 'The disk is full.')
        const fate = options.onAppend?.(batch, lease.ns) ?? 'ok'
        if (fate !== 'fail-before') await to.append(lease, size, batch, more)
        if (fate !== 'ok') throw new SeamError('UNAVAILABLE', 'The answer of the append was lost.')
      }),
      commitCheckpoint: inner((to, ...args: Parameters<Journal['commitCheckpoint']>) => to.commitCheckpoint(...args)),
      head: inner((to, ...args: Parameters<Journal['head']>) => to.head(...args)),
      hashes: inner((to, ...args: Parameters<Journal['hashes']>) => to.hashes(...args)),
      saveState: inner((to, ...args: Parameters<Journal['saveState']>) => to.saveState(...args)),
      loadState: inner((to, ...args: Parameters<Journal['loadState']>) => to.loadState(...args)),
      purge: inner((to, ...args: Parameters<Journal['purge']>) => to.purge(...args)),
      async *read(...args) {
        const records = (await counted(() => made())).journal.read(...args)[Symbol.asyncIterator]()
        try {
          for (;;) {
            const next = await counted(() => records.next())
            if (next.done === true) return
            yield next.value
          }
        } finally {
          await records.return?.()
        }
      },
      async close() {
        await ready
        if (store !== undefined) await close(store)
      },
    }
    return {
      journal,
      projections: {
        spec: 'projections/v1',
        kind: 'postgres',
        name: 'journal',
        guarantees: {},
        query: (...args) => counted(() => made().projections.query(...args)),
      },
      reopen() {
        dead = true
        const ended = (async () => {
          await ready
          if (store !== undefined) await close(store)
        })()
        return open(schema, options, ended)
      },
      depose(ns) {
        ready = ready.then(() =>
          place.sql(`UPDATE "${schema}".logs SET epoch = epoch + 1 WHERE ns = '${ns}';
            UPDATE "${schema}".leases SET epoch = epoch + 1, holder = 'another', beat = clock_timestamp()`),
        )
      },
    }
  }

  return {
    memoryJournal: (options = {}) => open(`e_${randomUUID().replaceAll('-', '')}`, options, Promise.resolve()),
    async close() {
      for (const store of stores) await close(store)
    },
  }
}
