import type { Scrubbed, StoredProjectionRow } from '@seamark/journal'
import type { Value } from './pg-port.ts'
import { USAGE_SINCE } from './schema.ts'
import type { Session } from './session.ts'
import type { Store } from './store.ts'

const rowsPerStep = 256

/** What a scrub reads: every step is a question of its own. */
export function scrubbed(at: Store, ns: string): Scrubbed {
  const { read, tables } = at
  const { runs, items, usage, states, where } = tables
  const byRun = `SELECT run, 0 AS at, crc, body AS text FROM ${runs} WHERE log = $1 AND (run, 0) > ($2::text, $3::int8)
    ORDER BY run LIMIT ${rowsPerStep}`
  const byItem = `SELECT run, at, crc, body AS text FROM ${items} WHERE log = $1 AND (run, at) > ($2::int8, $3::int8)
    ORDER BY run, at LIMIT ${rowsPerStep}`

  const byKind = `SELECT kind AS run, at, crc, body AS text FROM ${usage} WHERE log = $1 AND (kind, at) > ($2::text, $3::int8)
    ORDER BY kind, at LIMIT ${rowsPerStep}`

  async function* rows(sql: string, first: Value, since?: number): AsyncIterable<readonly StoredProjectionRow[]> {
    for (let after: readonly Value[] = [first, -1]; ;) {
      const ask = (connection: Session, log: number) =>
        connection.query<{ run: string | number; at: number; crc: number; text: string }>(sql, [log, ...after])
      const found = await at.about(ns, [], ask, since)
      const last = found.at(-1)
      if (last === undefined) return
      yield found
      after = [last.run, last.at]
    }
  }
  return {
    where,
    size: () => at.about(ns, 0, (connection, log) => read.size(connection, log)),
    page: (request) => at.about(ns, [], (connection, log) => read.page(connection, log, request)),
    hashes: (level, from, count) =>
      at.about<Uint8Array>(ns, new Uint8Array(0), (connection, log) =>
        read.hashes(connection, log, level, from, count),
      ),
    states: () =>
      at.about(ns, [], (connection, log) =>
        connection.query<{ size: number; sha256: string; bytes: Buffer }>(
          `SELECT size, sha256, bytes FROM ${states} WHERE log = $1`,
          [log],
        ),
      ),
    async *rows() {
      yield* rows(byRun, '')
      yield* rows(byItem, -1)
      yield* rows(byKind, '', USAGE_SINCE)
    },
  }
}
