import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteJournal } from '../src/index.ts'
import type { SqliteStore } from '../src/index.ts'

/** Small, so that tests do not write megabytes for nothing. */
export const reserveBytes = 64 * 1024

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'seamark-journal-'))
}

/** A store in a folder of its own, and what a conformance subject needs. */
export function freshStore(): { current(): SqliteStore; reopen(): Promise<SqliteStore>; dispose(): Promise<void> } {
  const dir = temporaryFolder()
  let store = sqliteJournal({ dir, reserveBytes })
  return {
    current: () => store,
    async reopen() {
      await store.journal.close()
      store = sqliteJournal({ dir, reserveBytes })
      return store
    },
    async dispose() {
      await store.journal.close()
      rmSync(dir, { recursive: true })
    },
  }
}
