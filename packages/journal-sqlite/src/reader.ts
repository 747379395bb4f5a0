import type { Checkpoint, StateSnapshot, StoredRecord } from '@seamark/core'
import { checkPage, damagedState } from '@seamark/journal'
import type { PageRequest, RecordRow } from '@seamark/journal'
import { sha256Hex } from '@seamark/kit'
import type { Sqlite } from './sqlite-port.ts'

/** The questions that need no lease. Every one is a statement of its own: none is left open between two calls. */
export interface Reader {
  size(): number
  checkpoint(): Checkpoint | undefined
  /** The next records, checked; none where there are no more. */
  page(request: PageRequest): readonly StoredRecord[]
  /** Hashes `from` to `from+count-1` of a stored level, concatenated. */
  hashes(level: number, from: number, count: number): Uint8Array
  state(foldVersion: number): StateSnapshot | undefined
}

// A page ends at so many rows, or at the row with which it has so many bytes: it blocks the loop for no longer, and takes no more
// memory, where records are large.
const rowsPerPage = 256
const bytesPerPage = 1024 * 1024

export function reader(db: Sqlite, path: string): Reader {
  const size = db.prepare<[], number>('SELECT coalesce(max(seq) + 1, 0) FROM records').pluck()
  const checkpoint = db.prepare<[], Checkpoint>('SELECT origin, size, root, note FROM checkpoint')
  const runId = db.prepare<[string], number>('SELECT id FROM run_names WHERE run = ?').pluck()
  const leaves = db.prepare<[number, number], Buffer>(
    'SELECT leaf FROM records WHERE seq >= ? AND seq < ? ORDER BY seq',
  )
  const nodes = db.prepare<[number, number, number], Buffer>(
    'SELECT hash FROM nodes WHERE level = ? AND at >= ? AND at < ? ORDER BY at',
  )
  const state = db.prepare<[number], { size: number; foldVersion: number; sha256: string; bytes: Buffer }>(`
    SELECT size, fold_version AS foldVersion, sha256, bytes FROM states WHERE fold_version = ? ORDER BY id DESC LIMIT 1`)
  const all = pages(db, '')
  const ofRun = pages(db, 'r.run = ? AND')
  leaves.pluck()
  nodes.pluck()

  return {
    size: () => size.get() ?? 0,
    checkpoint: () => checkpoint.get(),
    page(request) {
      const { from, to, run, payloads } = request
      if (run === undefined) return checkPage(upToBytes(all(payloads).iterate(from, to, rowsPerPage)), request, path)
      const id = runId.get(run)
      if (id === undefined) return []
      return checkPage(upToBytes(ofRun(payloads).iterate(id, from, to, rowsPerPage)), request, path)
    },
    hashes(level, from, count) {
      const found = level === 0 ? leaves.all(from, from + count) : nodes.all(level, from, from + count)
      return Buffer.concat(found)
    },
    state(foldVersion) {
      const found = state.get(foldVersion)
      if (found !== undefined && sha256Hex(found.bytes) !== found.sha256) throw damagedState(path, found.size)
      return found
    },
  }
}

function upToBytes(rows: Iterable<RecordRow>): RecordRow[] {
  const taken: RecordRow[] = []
  let bytes = 0
  for (const row of rows) {
    taken.push(row)
    bytes += row.header.byteLength + (row.bytes?.byteLength ?? 0)
    if (bytes >= bytesPerPage) break
  }
  return taken
}

type PageStatement = (payloads: boolean) => { iterate(...parameters: number[]): Iterable<RecordRow> }

function pages(db: Sqlite, where: string): PageStatement {
  const source = (columns: string, join: string): string => `
    SELECT r.seq, n.run, r.leaf, r.header, ${columns} FROM records r
    LEFT JOIN run_names n ON n.id = r.run ${join}
    WHERE ${where} r.seq >= ? AND r.seq < ? ORDER BY r.seq LIMIT ?`
  const bare = db.prepare<number[], RecordRow>(source('NULL AS crc, NULL AS salt, NULL AS bytes', ''))
  const full = db.prepare<number[], RecordRow>(
    source('p.crc, p.salt, p.bytes', 'LEFT JOIN payloads p ON p.seq = r.seq'),
  )
  return (payloads) => (payloads ? full : bare)
}
