import type { ProjectionChange } from '@seamark/core'
import { usageKey } from '@seamark/journal'
import { crc32 } from 'node:zlib'
import type { Sqlite } from './sqlite-port.ts'

/** Prepares the writing of projection rows, inside the transaction of the records that they follow from. */
export function changeWriter(db: Sqlite, idOf: (run: string) => number): (changes: Iterable<ProjectionChange>) => void {
  const { keepRun, putRun } = runStatements(db)
  const { keepItem, putItem } = itemStatements(db)
  const putUsage = usageStatement(db)

  return (changes) => {
    for (const { projection, row } of changes) {
      const text = JSON.stringify(row)
      if (projection === 'runs') {
        const values = [row.run, row.seq, row.status, row.name ?? null, crc32(text), text] as const
        if (keepRun.run(...values).changes === 0) putRun.run(...values)
      } else if (projection === 'usage') {
        putUsage.run(row.by, usageKey(row), row.run === undefined ? null : idOf(row.run), crc32(text), text)
      } else {
        const values = [idOf(row.run), row.index, row.item, row.status, crc32(text), text] as const
        if (keepItem.run(...values).changes === 0) putItem.run(...values)
      }
    }
  }
}

// SQLite writes an index again wherever a column of it is set, also to what it was. A row's indexed columns
// seldom change, so a row is put with them as they are first, and whole where that put nothing.

function runStatements(db: Sqlite) {
  type Values = [string, number, string, string | null, number, string]
  const insert =
    'INSERT INTO runs (run, seq, status, name, crc, row) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run) DO UPDATE SET'
  return {
    keepRun: db.prepare<Values>(`${insert} crc = excluded.crc, row = excluded.row
      WHERE seq = excluded.seq AND status = excluded.status AND name IS excluded.name`),
    putRun: db.prepare<Values>(`${insert} seq = excluded.seq, status = excluded.status, name = excluded.name,
      crc = excluded.crc, row = excluded.row`),
  }
}

function itemStatements(db: Sqlite) {
  type Values = [number, number, string, string, number, string]
  const insert =
    'INSERT INTO items (run, at, item, status, crc, row) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run, at) DO UPDATE SET'
  return {
    keepItem: db.prepare<Values>(`${insert} status = excluded.status, crc = excluded.crc, row = excluded.row
      WHERE item = excluded.item`),
    putItem: db.prepare<Values>(`${insert} item = excluded.item, status = excluded.status,
      crc = excluded.crc, row = excluded.row`),
  }
}

// Its indexed columns never change.
function usageStatement(db: Sqlite) {
  return db.prepare<[string, number, number | null, number, string]>(
    `INSERT INTO usage (kind, at, run, crc, row) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (kind, at) DO UPDATE SET crc = excluded.crc, row = excluded.row`,
  )
}
