import type { Scrubbed, StoredProjectionRow } from '@seamark/journal'
import { hasUsage } from './migrate.ts'
import type { OpenReader } from './namespace.ts'

const rowsPerStep = 256

/** What a scrub reads. Between two steps the database may be closed and opened again. */
export function scrubbed(open: () => OpenReader | undefined, path: string): Scrubbed {
  function* rows(
    sql: string,
    first: readonly [number | string, number] = [-1, -1],
  ): Iterable<readonly StoredProjectionRow[]> {
    for (let after = first; ;) {
      const found =
        open()
          ?.db.prepare<[number | string, number, number], StoredProjectionRow & { a: number | string; b: number }>(sql)
          .all(...after, rowsPerStep) ?? []
      const last = found.at(-1)
      if (last === undefined) return
      yield found
      after = [last.a, last.b]
    }
  }
  return {
    where: path,
    size: () => open()?.read.size() ?? 0,
    page: (request) => open()?.read.page(request) ?? [],
    hashes: (level, from, count) => open()?.read.hashes(level, from, count) ?? new Uint8Array(0),
    states: () =>
      open()
        ?.db.prepare<[], { size: number; sha256: string; bytes: Buffer }>('SELECT size, sha256, bytes FROM states')
        .all() ?? [],
    *rows() {
      yield* rows(
        'SELECT rowid AS a, 0 AS b, crc, row AS text FROM runs WHERE (rowid, 0) > (?, ?) ORDER BY rowid LIMIT ?',
      )
      yield* rows(
        'SELECT run AS a, at AS b, crc, row AS text FROM items WHERE (run, at) > (?, ?) ORDER BY run, at LIMIT ?',
      )
      const db = open()?.db
      if (db === undefined || !hasUsage(db)) return
      yield* rows(
        'SELECT kind AS a, at AS b, crc, row AS text FROM usage WHERE (kind, at) > (?, ?) ORDER BY kind, at LIMIT ?',
        ['', -1],
      )
    },
  }
}
