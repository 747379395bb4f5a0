import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { NamespacePaths } from './paths.ts'
import { openWriter } from './sqlite-port.ts'

/** Destroys payloads and salts in the copies that migrations made, too. */
export function purgeBackups({ dir, database }: NamespacePaths, seqs: readonly number[]): void {
  for (const file of readdirSync(dir)) {
    if (!file.startsWith(`${basename(database)}.v`) || !file.endsWith('.backup')) continue
    const db = openWriter(join(dir, file))
    try {
      const remove = db.prepare<[number]>('DELETE FROM payloads WHERE seq = ?')
      db.transaction(() => seqs.forEach((seq) => remove.run(seq))).immediate()
      db.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      db.close()
    }
  }
}
