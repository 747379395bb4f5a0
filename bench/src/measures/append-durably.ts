import type { JournalBatch } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { emptyBatch, inclusionProof, placeRecord, recordEntry } from '@seamark/log'
import { join } from 'node:path'
import { bareSqlite, rowsOf } from '../bare-sqlite.ts'
import { firstCursor, sampleDraft } from '../sample-records.ts'
import { inTurn, median, pairedRatio } from '../stats.ts'
import { inTemporary } from '../temp.ts'
import type { Rates } from './append-in-memory.ts'

export interface DurableRates extends Rates {
  /** Reads of stored hashes for the proof that needs most, by size of the log. */
  readonly proofReads: readonly { readonly size: number; readonly most: number }[]
}

const NS = 'default'
const SLICE = 20_000
const BATCH = 500
const PROOFS = 500

/** Appends records through the journal, in turn with bare SQLite writing the same rows in the same commits. */
export async function measure({ records }: { records: number }): Promise<DurableRates> {
  return inTemporary(async (dir) => {
    const { journal } = sqliteJournal({ dir: join(dir, 'journal') })
    const lease = await journal.acquire(NS, 'bench')
    const bare = bareSqlite(join(dir, 'bare.db'))
    const cursor = firstCursor(NS, lease.epoch)
    let written: JournalBatch[] = []

    const slice = async (): Promise<number> => {
      written = []
      const started = performance.now()
      for (let done = 0; done < SLICE; done += BATCH) {
        const before = cursor.frontier.size
        const placed = emptyBatch()
        for (let i = 0; i < BATCH; i++) placeRecord(cursor, sampleDraft(before + i), 1_700_000_000_000, placed)
        const batch = { ...placed, records: placed.records.map(recordEntry), changes: [] }
        await journal.append(lease, before, batch)
        written.push(batch)
      }
      return performance.now() - started
    }
    let bareAt = 0
    const replay = async (): Promise<number> => {
      // Where its turn comes first, it writes what it has written before, further on.
      const rows = written.map(rowsOf).map((batch) => moved(batch, bareAt))
      bareAt += SLICE
      const started = performance.now()
      for (const batch of rows) bare.commit(batch)
      return performance.now() - started
    }
    await slice()
    await replay()
    const taken = await inTurn(Math.max(1, Math.round(records / SLICE) - 1), slice, replay)

    const size = cursor.frontier.size
    const proofReads = []
    for (const upTo of [...[1_000, 10_000, 100_000].filter((smaller) => smaller < size), size])
      proofReads.push({ size: upTo, most: await mostReads(upTo) })
    bare.close()
    await lease.release()
    await journal.close()
    return {
      perSecond: (SLICE / median(taken.measured)) * 1000,
      barePerSecond: (SLICE / median(taken.baseline)) * 1000,
      ratio: 1 / pairedRatio(taken),
      proofReads,
    }

    /** Over records spread through the log, and both ends of it. */
    async function mostReads(upTo: number): Promise<number> {
      let most = 0
      for (let i = 0; i <= PROOFS; i++) {
        let reads = 0
        const read = (level: number, from: number, count: number): Promise<Uint8Array> => {
          reads++
          return journal.hashes(NS, level, from, count)
        }
        await inclusionProof(read, Math.floor((i / PROOFS) * (upTo - 1)), upTo)
        most = Math.max(most, reads)
      }
      return most
    }
  })
}

/** The same rows at another place: a replay may not have the numbers of an earlier one. */
function moved(rows: ReturnType<typeof rowsOf>, at: number): ReturnType<typeof rowsOf> {
  const first = rows.records[0]?.[0] ?? 0
  const shift = at + (first % SLICE) - first
  return {
    ...rows,
    records: rows.records.map(([seq, run, leaf, header]) => [seq + shift, run, leaf, header]),
    nodes: rows.nodes.map(([level, index, hash]) => [level + 100 * Math.floor(at / SLICE), index, hash]),
  }
}
