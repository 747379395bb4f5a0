import type { FreshStore } from '@seamark/conformance/projections'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cappedJournal } from './capped-journal.ts'

/** A capped journal for one case of the suites, with room for all that they append. */
export function freshStore(): FreshStore {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-capped-'))
  const open = () => cappedJournal({ store: sqliteJournal({ dir, reserveBytes: 64 * 1024 }), maxRecords: 1_000_000 })
  let store = open()
  return {
    current: () => store,
    async reopen() {
      await store.journal.close()
      store = open()
      return store
    },
    async dispose() {
      await store.journal.close()
      rmSync(dir, { recursive: true })
    },
  }
}
