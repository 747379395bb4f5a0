import type { Checkpoint, StateSnapshot, StoredRecord } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'
import { leafHash } from '@seamark/log'
import { payloadCrc } from './append.ts'
import type { Sqlite } from './sqlite-port.ts'
import type { ReadHashes } from './tree.ts'

interface Row {
  readonly seq: number
  readonly run: string | null
  readonly leaf: Buffer
  readonly header: Buffer
  readonly crc: number | null
  readonly salt: Buffer | null
  readonly bytes: Buffer | null
}

export interface PageRequest {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly run?: string
  readonly payloads: boolean
}

/** The questions that need no lease. Every one is a statement of its own: none is left open between two calls. */
export interface Reader {
  size(): number
  checkpoint(): Checkpoint | undefined
  /** The next records, checked; none where there are no more. */
  page(request: PageRequest): readonly StoredRecord[]
  readonly hashes: ReadHashes
  state(foldVersion: number): StateSnapshot | undefined
}

// Rows a page: few enough that one page never blocks the loop for long, also with payloads of 1 MiB.
const rowsPerPage = 256
const rowsWithPayloads = 16

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
    page({ from, to, run, payloads }) {
      const limit = payloads ? rowsWithPayloads : rowsPerPage
      if (run === undefined) return checkPage(all(payloads).all(from, to, limit), path, from)
      const id = runId.get(run)
      return id === undefined ? [] : checkPage(ofRun(payloads).all(id, from, to, limit), path, undefined)
    },
    hashes(level, from, count) {
      const found = level === 0 ? leaves.all(from, from + count) : nodes.all(level, from, from + count)
      return Buffer.concat(found)
    },
    state(foldVersion) {
      const found = state.get(foldVersion)
      if (found !== undefined && sha256Hex(found.bytes) !== found.sha256)
        throw new SeamError(
          'INTEGRITY',
          `The state snapshot at size ${found.size} in ${path} has another digest than stored.`,
          {
            remedy: 'Restore the journal from a backup; its records can be checked with a scrub.',
          },
        )
      return found
    },
  }
}

type PageStatement = (payloads: boolean) => { all(...parameters: number[]): Row[] }

function pages(db: Sqlite, where: string): PageStatement {
  const source = (columns: string, join: string): string => `
    SELECT r.seq, n.run, r.leaf, r.header, ${columns} FROM records r
    LEFT JOIN run_names n ON n.id = r.run ${join}
    WHERE ${where} r.seq >= ? AND r.seq < ? ORDER BY r.seq LIMIT ?`
  const bare = db.prepare<number[], Row>(source('NULL AS crc, NULL AS salt, NULL AS bytes', ''))
  const full = db.prepare<number[], Row>(source('p.crc, p.salt, p.bytes', 'LEFT JOIN payloads p ON p.seq = r.seq'))
  return (payloads) => (payloads ? full : bare)
}

function checkPage(rows: readonly Row[], path: string, expected: number | undefined): readonly StoredRecord[] {
  const records: StoredRecord[] = []
  for (const row of rows) {
    const damage = damageOf(row, expected === undefined ? undefined : expected + records.length)
    if (damage !== undefined) {
      // What came before it is whole and is handed out first; the next page then begins with the damage.
      if (records.length > 0) return records
      throw damaged(path, row.seq, damage)
    }
    const { seq, run, leaf, header, salt, bytes } = row
    records.push({
      seq,
      header,
      leaf,
      ...(run !== null && { run }),
      ...(salt !== null && bytes !== null && { payload: { salt, bytes } }),
    })
  }
  return records
}

function damageOf(row: Row, expected: number | undefined): string | undefined {
  if (expected !== undefined && row.seq !== expected) return `record ${expected} is missing`
  if (!row.leaf.equals(leafHash(row.header))) return `the header of record ${row.seq} has another leaf hash than stored`
  if (row.salt !== null && row.bytes !== null && payloadCrc(row.salt, row.bytes) !== row.crc)
    return `the payload of record ${row.seq} is not what was stored`
  return undefined
}

/** Errors about one record carry its `seq` in a place, too. */
export function damaged(path: string, seq: number, what: string): SeamError {
  return new SeamError('INTEGRITY', `${path} is damaged: ${what}.`, {
    place: { pointer: `/records/${seq}` },
    remedy: 'Stop, keep the files, and restore from a backup.',
  })
}
