import type { Checkpoint, StateSnapshot, StoredRecord } from '@seamark/core'
import { checkPage, damagedState } from '@seamark/journal'
import type { PageRequest, RecordRow } from '@seamark/journal'
import { sha256Hex } from '@seamark/kit'
import type { Connection } from './pg-port.ts'
import type { Tables } from './schema.ts'

type Row = RecordRow & Record<string, unknown>

/** The questions that need no lease, about one log. Every one is a statement of its own. */
export interface Reader {
  size(connection: Connection, log: number): Promise<number>
  head(connection: Connection, log: number): Promise<{ size: number; checkpoint?: Checkpoint }>
  /** The next records, checked; none where there are no more. */
  page(connection: Connection, log: number, request: PageRequest): Promise<readonly StoredRecord[]>
  hashes(connection: Connection, log: number, level: number, from: number, count: number): Promise<Uint8Array>
  state(connection: Connection, log: number, foldVersion: number): Promise<StateSnapshot | undefined>
}

// A page ends at so many rows, or at the row with which it has so many bytes.
const rowsPerPage = 1_024
const bytesPerPage = 1024 * 1024

export function reader(t: Tables): Reader {
  const all = pageStatement(t, false)
  const ofRun = pageStatement(t, true)

  return {
    async size(connection, log) {
      const [row] = await connection.query<{ size: number }>(`SELECT size FROM ${t.logs} WHERE id = $1`, [log], {
        name: 'size',
      })
      return row?.size ?? 0
    },
    async head(connection, log) {
      const [row] = await connection.query<{ now: number; origin: string | null } & Omit<Checkpoint, 'origin'>>(
        `SELECT l.size AS now, c.origin, c.size, c.root, c.note
          FROM ${t.logs} l LEFT JOIN ${t.checkpoints} c ON c.log = l.id WHERE l.id = $1`,
        [log],
        { name: 'head' },
      )
      if (row === undefined) return { size: 0 }
      const { now, origin, size, root, note } = row
      return { size: now, ...(origin !== null && { checkpoint: { origin, size, root, note } }) }
    },
    async page(connection, log, request) {
      const { from, to, run, payloads } = request
      const values = [log, from, to, payloads ? 1 : 0, ...(run === undefined ? [] : [run])]
      const rows =
        run === undefined
          ? await connection.query<Row>(all, values, { name: 'page' })
          : await connection.query<Row>(ofRun, values, { name: 'page-of-run' })
      return checkPage(rows, request, t.where)
    },
    async hashes(connection, log, level, from, count) {
      const rows =
        level === 0
          ? await connection.query<{ hash: Buffer }>(
              `SELECT leaf AS hash FROM ${t.records} WHERE log = $1 AND seq >= $2 AND seq < $3 ORDER BY seq`,
              [log, from, from + count],
              { name: 'leaves' },
            )
          : await connection.query<{ hash: Buffer }>(
              `SELECT hash FROM ${t.nodes} WHERE log = $1 AND level = $2 AND at >= $3 AND at < $4 ORDER BY at`,
              [log, level, from, from + count],
              { name: 'nodes' },
            )
      return Buffer.concat(rows.map(({ hash }) => hash))
    },
    async state(connection, log, foldVersion) {
      const [found] = await connection.query<{ size: number; version: number; sha256: string; bytes: Buffer }>(
        `SELECT size, fold_version AS version, sha256, bytes FROM ${t.states}
          WHERE log = $1 AND fold_version = $2 ORDER BY id DESC LIMIT 1`,
        [log, foldVersion],
      )
      if (found === undefined) return undefined
      const { size, version, sha256, bytes } = found
      if (sha256Hex(bytes) !== sha256) throw damagedState(t.where, size)
      return { size, foldVersion: version, sha256, bytes }
    },
  }
}

/** The limit in bytes looks at lengths only, which are stored beside long values: what is beyond it is never read. */
function pageStatement(t: Tables, ofRun: boolean): string {
  const condition = ofRun ? `r.run = (SELECT id FROM ${t.runNames} WHERE log = $1 AND run = $5) AND` : ''
  return `
    SELECT seq, run, leaf, header, crc, salt, bytes FROM (
      SELECT *, sum(octet_length(header) + coalesce(octet_length(bytes), 0)) OVER (ORDER BY seq) AS total FROM (
        SELECT r.seq, n.run, r.leaf, r.header, p.crc, p.salt, p.bytes
        FROM ${t.records} r
        LEFT JOIN ${t.runNames} n ON n.log = r.log AND n.id = r.run
        LEFT JOIN ${t.payloads} p ON $4::int4 = 1 AND p.log = r.log AND p.seq = r.seq
        WHERE ${condition} r.log = $1 AND r.seq >= $2 AND r.seq < $3 ORDER BY r.seq LIMIT ${rowsPerPage}
      ) found
    ) page
    WHERE total - octet_length(header) - coalesce(octet_length(bytes), 0) < ${bytesPerPage} ORDER BY seq`
}
