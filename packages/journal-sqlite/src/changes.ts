import type { ItemRow, ProjectionChange, RunRow } from '@seamark/core'
import { crc32 } from 'node:zlib'
import type { Sqlite } from './sqlite-port.ts'

/** Prepares the writing of projection rows, inside the transaction of the records that they follow from. */
export function changeWriter(
  db: Sqlite,
  idOf: (run: string) => number,
): (changes: readonly ProjectionChange[]) => void {
  const putRun = db.prepare<[string, number, string, string | null, number, string]>(`
    INSERT INTO runs (run, seq, status, name, crc, row) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run) DO UPDATE SET seq = excluded.seq, status = excluded.status, name = excluded.name,
      crc = excluded.crc, row = excluded.row`)
  const putItem = db.prepare<[number, number, string, string, number, string]>(`
    INSERT INTO items (run, at, item, status, crc, row) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run, at) DO UPDATE SET item = excluded.item, status = excluded.status,
      crc = excluded.crc, row = excluded.row`)

  return (changes) => {
    // Rows are replaced whole, so only the last change of each one in a batch needs to be written.
    const runs = new Map<string, RunRow>()
    const items = new Map<string, Map<number, ItemRow>>()
    for (const change of changes) {
      if (change.projection === 'runs') runs.set(change.row.run, change.row)
      else {
        const { run, index } = change.row
        const ofRun = items.get(run)
        if (ofRun === undefined) items.set(run, new Map([[index, change.row]]))
        else ofRun.set(index, change.row)
      }
    }
    for (const row of runs.values()) {
      const text = JSON.stringify(row)
      putRun.run(row.run, row.seq, row.status, row.name ?? null, crc32(text), text)
    }
    for (const [run, rows] of items) {
      const id = idOf(run)
      for (const row of rows.values()) {
        const text = JSON.stringify(row)
        putItem.run(id, row.index, row.item, row.status, crc32(text), text)
      }
    }
  }
}
