import type { JournalBatch, RecordEntry } from '@seamark/core'
import { takeRows } from './changes.ts'
import type { Rows } from './changes.ts'
import { firstOfFence, insertsOf, partValues } from './inserts.ts'
import type { Part } from './inserts.ts'
import type { Connection, Value } from './pg-port.ts'
import type { RunIds } from './run-ids.ts'
import type { Tables } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** What a write must find unchanged in the database: the lease's epoch, and the connection that was announced last. */
export interface Fence {
  readonly log: number
  readonly epoch: number
  readonly session: number
  readonly pid: number
}

/** Writes a batch. Resolves with `false` where the fence or the size was another, and then nothing is stored. */
export type WriteBatch = (
  connection: Connection,
  fence: Fence,
  expectedSize: number,
  batch: JournalBatch,
  runs: RunIds,
) => Promise<boolean>

// What one statement takes. A larger one would only hold more memory on both sides.
const rowsPerStatement = 4_000
const bytesPerStatement = 8 * 1024 * 1024

/**
 * Makes the statements that append. A batch of usual size is one statement, which is one transaction and one round
 * trip: a writer that is stopped at any moment leaves no transaction open behind it. A large one is several statements.
 */
export function batchWriter(tables: Tables): WriteBatch {
  const [size, count, runs, epoch, session, pid] = Array.from({ length: 6 }, (_, i) => `$${firstOfFence + i}`)
  const inserts = insertsOf(tables)
  const fenced = `WITH log AS (
      UPDATE ${tables.logs} SET size = ${size}::int8 + ${count}::int8, runs = ${runs}::int8
      WHERE id = $1::int4 AND epoch = ${epoch}::int8 AND session = ${session}::int8 AND size = ${size}::int8
        AND pg_backend_pid() = ${pid}::int4
      RETURNING id),
    ${inserts}
    SELECT id FROM log`
  const further = `WITH log AS (SELECT $1::int4 AS id), ${inserts} SELECT id FROM log`
  const finish = `UPDATE ${tables.logs} SET runs = $2 WHERE id = $1`

  return async (connection, fence, expectedSize, batch, ids) => {
    const changes = batch.changes[Symbol.iterator]()
    const { done, ...rows } = takeRows(changes, rowsPerStatement)
    const [records = [], ...moreRecords] = portions(batch.records, ({ header }) => header.length)
    const [payloads = [], ...morePayloads] = portions(batch.payloads, ({ bytes }) => bytes.length)

    const valuesOf = async (part: Partial<Omit<Part, 'fresh'>>): Promise<Value[]> => {
      const whole = { ...nothing, ...part }
      const fresh = await ids.resolve(connection, namesOf(whole.records, whole.rows))
      return [fence.log, ...partValues({ ...whole, fresh }, ids)]
    }
    const first = async (): Promise<boolean> => {
      const values = await valuesOf({ records, payloads, nodes: batch.nodes, rows })
      const fences = [expectedSize, batch.records.length, ids.last, fence.epoch, fence.session, fence.pid]
      const found = await connection.query(fenced, [...values, ...fences], { name: 'append' })
      return found.length === 1
    }
    if (done && moreRecords.length === 0 && morePayloads.length === 0) return first()

    let allowed = false
    await inTransaction(connection, async () => {
      allowed = await first()
      if (!allowed) return
      const more = async (part: Partial<Omit<Part, 'fresh'>>): Promise<void> => {
        await connection.query(further, await valuesOf(part), { name: 'append-more' })
      }
      for (const some of moreRecords) await more({ records: some })
      for (const some of morePayloads) await more({ payloads: some })
      for (let over = done; !over;) {
        const next = takeRows(changes, rowsPerStatement)
        over = next.done
        await more({ rows: next })
      }
      await connection.query(finish, [fence.log, ids.last])
    })
    return allowed
  }
}

const nothing: Omit<Part, 'fresh'> = { records: [], payloads: [], nodes: [], rows: { runs: [], items: [], usage: [] } }

function* namesOf(records: readonly RecordEntry[], { items, usage }: Rows): Iterable<string> {
  for (const { run } of records) if (run !== undefined) yield run
  for (const { run } of items) yield run
  for (const { run } of usage) if (run !== undefined) yield run
}

function portions<T>(all: readonly T[], bytesOf: (one: T) => number): readonly (readonly T[])[] {
  const found: T[][] = []
  let bytes = Infinity
  for (const one of all) {
    const last = found.at(-1)
    if (last === undefined || bytes >= bytesPerStatement || last.length >= rowsPerStatement) {
      found.push([one])
      bytes = bytesOf(one)
    } else {
      last.push(one)
      bytes += bytesOf(one)
    }
  }
  return found
}
