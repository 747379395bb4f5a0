import type { Checkpoint } from '@seamark/core'
import { checkCovers, checkNodes, damaged, damagedState, rootRanges } from '@seamark/journal'
import type { Connection } from './pg-port.ts'
import type { Reader } from './reader.ts'
import type { Tables } from './schema.ts'

const tailRecords = 256

/** What is checked at every start: the newest checkpoints, the tail of the log and the snapshots. Errors: `INTEGRITY`. */
export async function checkStored(
  connection: Connection,
  t: Tables,
  read: Reader,
  log: number,
  kept: Checkpoint | undefined,
): Promise<void> {
  const { size, checkpoint } = await read.head(connection, log)
  const [last] = await connection.query<{ seq: number | null }>(
    `SELECT max(seq) AS seq FROM ${t.records} WHERE log = $1`,
    [log],
  )
  if ((last?.seq ?? -1) !== size - 1)
    throw damaged(t.where, size, `it should hold ${size} records, and the last one has number ${last?.seq ?? 'none'}`)
  for (const one of [kept, checkpoint]) if (one !== undefined) await checkCovered(connection, t, read, log, one, size)
  await checkTail(connection, t, read, log, size)
  const [state] = await connection.query<{ size: number }>(
    `SELECT size FROM ${t.states} WHERE log = $1 AND encode(sha256(bytes), 'hex') <> sha256 LIMIT 1`,
    [log],
  )
  if (state !== undefined) throw damagedState(t.where, state.size)
}

/** Errors: `INTEGRITY` when the log of `size` records is shorter than, or different from, what a checkpoint covers. */
export async function checkCovered(
  connection: Connection,
  t: Tables,
  read: Reader,
  log: number,
  checkpoint: Checkpoint,
  size: number,
): Promise<void> {
  const hashes: Uint8Array[] = []
  for (const { level, from, count } of rootRanges(checkpoint.size))
    hashes.push(await read.hashes(connection, log, level, from, count))
  checkCovers({ where: t.where, size, checkpoint, named: 'its newest signed checkpoint', hashes })
}

async function checkTail(connection: Connection, t: Tables, read: Reader, log: number, size: number): Promise<void> {
  for (let from = Math.max(0, size - tailRecords); from < size;)
    from += (await read.page(connection, log, { from, to: size, payloads: false })).length
  // The nodes over the tail, from which the next ones are made.
  const from = Math.max(0, Math.floor(size / 16) - tailRecords / 16)
  const count = Math.floor(size / 16) - from
  const nodes = await read.hashes(connection, log, 4, from, count)
  const leaves = await read.hashes(connection, log, 0, from * 16, count * 16)
  checkNodes(t.where, { level: 4, from, count }, nodes, leaves)
}
