import type { ProjectionChange } from '@seamark/core'
import { crc32 } from 'node:zlib'
import type { Sqlite } from './sqlite-port.ts'

/** Prepares the writing of projection rows, inside the transaction of the records that they follow from. */
export function changeWriter(db: Sqlite, idOf: (run: string) => number): (changes: Iterable<ProjectionChange>) => void {
  const putRun = db.prepare<[string, number, string, string | null, number, string]>(`
    INSERT INTO runs (run, seq, status, name, crc, row) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run) DO UPDATE SET seq = excluded.seq, status = excluded.status, name = excluded.name,
      crc = excluded.crc, row = excluded.row`)
  const putItem = db.prepare<[number, number, string, string, number, string]>(`
    INSERT INTO items (run, at, item, status, crc, row) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run, at) DO UPDATE SET item = excluded.item, status = excluded.status,
      crc = excluded.crc, row = excluded.row`)

  return (changes) => {
    for (const { projection, row } of changes) {
      const text = JSON.stringify(row)
      if (projection === 'runs') putRun.run(row.run, row.seq, row.status, row.name ?? null, crc32(text), text)
      else putItem.run(idOf(row.run), row.index, row.item, row.status, crc32(text), text)
    }
  }
}
