import { sha256Hex, SeamError, sleep, throwIfAborted, toSeamError } from '@seamark/kit'
import { crc32 } from 'node:zlib'
import { damaged, damagedState } from './reader.ts'
import type { Value } from './pg-port.ts'
import type { Store } from './store.ts'
import { perfectRoot } from './tree.ts'

export interface ScrubOptions {
  /** How fast it may read. Default 8 MiB a second. */
  readonly bytesPerSecond?: number
  readonly signal?: AbortSignal
  /** Called once, with an `INTEGRITY` error that names what is damaged. */
  readonly onDamage?: (error: SeamError) => void
}

/** What a pass has read. */
export interface ScrubReport {
  readonly records: number
  readonly bytes: number
  /** Absent where all was whole. */
  readonly damage?: SeamError
}

type Pace = (bytes: number) => Promise<void>

const defaultRate = 8 * 1024 * 1024
const rowsPerStep = 256

/** One pass over all that was stored when it began. */
export async function scrub(
  at: Store,
  ns: string,
  { bytesPerSecond = defaultRate, signal, onDamage }: ScrubOptions,
): Promise<ScrubReport> {
  const done = { records: 0, bytes: 0 }
  const began = performance.now()
  const pace: Pace = async (bytes) => {
    done.bytes += bytes
    const ahead = (done.bytes / bytesPerSecond) * 1_000 - (performance.now() - began)
    if (ahead >= 1) await sleep(ahead, signal)
    throwIfAborted(signal)
  }
  try {
    const size = await at.about(ns, 0, (connection, log) => at.read.size(connection, log))
    for (let from = 0; from < size;) {
      const page = await at.about(ns, [], (connection, log) =>
        at.read.page(connection, log, { from, to: size, payloads: true }),
      )
      if (page.length === 0) throw damaged(at.tables.schema, from, `record ${from} is missing`)
      from += page.length
      done.records += page.length
      await pace(page.reduce((sum, { header, payload }) => sum + header.length + (payload?.bytes.length ?? 0), 0))
    }
    for (let level = 4; 2 ** level <= size; level += 4) await scrubLevel(at, ns, level, size, pace)
    await scrubStates(at, ns, pace)
    await scrubRows(at, ns, pace)
    return done
  } catch (thrown) {
    const error = toSeamError(thrown)
    if (error.code !== 'INTEGRITY') throw error
    onDamage?.(error)
    return { ...done, damage: error }
  }
}

async function scrubLevel(at: Store, ns: string, level: number, size: number, pace: Pace): Promise<void> {
  const hashes = (of: number, from: number, count: number): Promise<Uint8Array> =>
    at.about<Uint8Array>(ns, new Uint8Array(0), (connection, log) => at.read.hashes(connection, log, of, from, count))
  const count = Math.floor(size / 2 ** level)
  for (let from = 0; from < count; from += rowsPerStep) {
    const width = Math.min(rowsPerStep, count - from)
    const nodes = await hashes(level, from, width)
    const below = await hashes(level - 4, from * 16, width * 16)
    for (let i = 0; i < width; i++) {
      const children = below.subarray(i * 512, (i + 1) * 512)
      if (children.length !== 512 || Buffer.compare(perfectRoot(children), nodes.subarray(i * 32, (i + 1) * 32)) !== 0)
        throw damaged(
          at.tables.schema,
          (from + i) * 2 ** level,
          `node ${from + i} of level ${level} is not that of its records`,
        )
    }
    await pace(nodes.length + below.length)
  }
}

async function scrubStates(at: Store, ns: string, pace: Pace): Promise<void> {
  const states = await at.about(ns, [], (connection, log) =>
    connection.query<{ size: number; sha256: string; bytes: Buffer }>(
      `SELECT size, sha256, bytes FROM ${at.tables.states} WHERE log = $1`,
      [log],
    ),
  )
  for (const { size, sha256, bytes } of states) {
    if (sha256Hex(bytes) !== sha256) throw damagedState(at.tables.schema, size)
    await pace(bytes.length)
  }
}

async function scrubRows(at: Store, ns: string, pace: Pace): Promise<void> {
  const { runs, items, schema } = at.tables
  const byRun = `SELECT run, 0 AS at, crc, body FROM ${runs} WHERE log = $1 AND (run, 0) > ($2::text, $3::int8)
    ORDER BY run LIMIT ${rowsPerStep}`
  const byItem = `SELECT run, at, crc, body FROM ${items} WHERE log = $1 AND (run, at) > ($2::int8, $3::int8)
    ORDER BY run, at LIMIT ${rowsPerStep}`
  for (const [sql, first] of [
    [byRun, ''],
    [byItem, -1],
  ] as const) {
    for (let after: readonly Value[] = [first, -1]; ;) {
      const rows = await at.about(ns, [], (connection, log) =>
        connection.query<{ run: string | number; at: number; crc: number; body: string }>(sql, [log, ...after]),
      )
      for (const { crc, body } of rows)
        if (crc32(body) !== crc)
          throw new SeamError('INTEGRITY', `A row of a projection in schema ${schema} is damaged: ${body.slice(0, 80)}`)
      const last = rows.at(-1)
      if (last === undefined) break
      after = [last.run, last.at]
      await pace(rows.reduce((sum, { body }) => sum + body.length, 0))
    }
  }
}
