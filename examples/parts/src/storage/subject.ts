import type { StorageSubject } from '@seamark/conformance/storage'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteStorage } from './sqlite-storage.ts'

/** A fresh storage for one case of the suite, whose file can be damaged behind its back. */
export async function subject(): Promise<StorageSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-sqlite-'))
  const file = join(dir, 'blobs.sqlite')
  const open = () => sqliteStorage({ file })
  return {
    seam: open(),
    reopen: async () => open(),
    async damage(key) {
      const database = new DatabaseSync(file)
      database
        .prepare(
          `UPDATE piece SET bytes = CAST(x'00' || substr(bytes, 2) AS BLOB)
           WHERE start = 0 AND object = (SELECT id FROM object WHERE key = ? AND size IS NOT NULL)`,
        )
        .run(key)
      database.close()
    },
    dispose: () => rm(dir, { recursive: true, force: true }),
  }
}
