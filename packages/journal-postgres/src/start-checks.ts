import type { Checkpoint } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Connection } from './pg-port.ts'
import { damaged, damagedState } from './reader.ts'
import type { Reader } from './reader.ts'
import type { Tables } from './schema.ts'
import { perfectRoot, rootAt } from './tree.ts'

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
    throw damaged(t.schema, size, `it should hold ${size} records, and the last one has number ${last?.seq ?? 'none'}`)
  for (const one of [kept, checkpoint])
    if (one !== undefined)
      await checkCovers(one, size, t.schema, (level, from, count) => read.hashes(connection, log, level, from, count))
  await checkTail(connection, t, read, log, size)
  const [state] = await connection.query<{ size: number }>(
    `SELECT size FROM ${t.states} WHERE log = $1 AND encode(sha256(bytes), 'hex') <> sha256 LIMIT 1`,
    [log],
  )
  if (state !== undefined) throw damagedState(t.schema, state.size)
}

/** Errors: `INTEGRITY` when the log is shorter than, or different from, what a checkpoint covers. */
export async function checkCovers(
  checkpoint: Checkpoint,
  size: number,
  schema: string,
  hashes: Parameters<typeof rootAt>[1],
): Promise<void> {
  if (size < checkpoint.size)
    throw new SeamError(
      'INTEGRITY',
      `The journal in schema ${schema} holds ${size} records, fewer than the ${checkpoint.size} that its newest signed checkpoint covers.`,
      { remedy: 'The database was rolled back or cut off: restore a newer backup.' },
    )
  const root = await rootAt(checkpoint.size, hashes)
  if (root !== checkpoint.root)
    throw new SeamError(
      'INTEGRITY',
      `The first ${checkpoint.size} of ${size} records in schema ${schema} have root ${root ?? 'unknown (hashes are missing)'}, not ${checkpoint.root} as in the signed checkpoint.`,
      { remedy: 'The journal was changed, or is another log: restore the database from a backup.' },
    )
}

async function checkTail(connection: Connection, t: Tables, read: Reader, log: number, size: number): Promise<void> {
  for (let from = Math.max(0, size - tailRecords); from < size;) {
    const page = await read.page(connection, log, { from, to: size, payloads: false })
    from += page.length
  }
  // The nodes over the tail, from which the next ones are made.
  const first = Math.max(0, Math.floor(size / 16) - tailRecords / 16)
  const count = Math.floor(size / 16) - first
  if (count === 0) return
  const nodes = await read.hashes(connection, log, 4, first, count)
  const leaves = await read.hashes(connection, log, 0, first * 16, count * 16)
  for (let i = 0; i < count; i++) {
    const below = leaves.subarray(i * 512, (i + 1) * 512)
    if (below.length !== 512 || Buffer.compare(nodes.subarray(i * 32, (i + 1) * 32), perfectRoot(below)) !== 0)
      throw damaged(t.schema, (first + i) * 16, `node ${first + i} of level 4 is not that of its records`)
  }
}
