import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { sha256Hex, SeamError, sleep, throwIfAborted, toSeamError } from '@seamark/kit'
import type { OpenReader } from './namespace.ts'
import { damaged } from './reader.ts'
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

const defaultRate = 8 * 1024 * 1024
const rowsPerStep = 256

/** One pass over all that was stored when it began. */
export async function scrub(
  open: () => OpenReader | undefined,
  path: string,
  { bytesPerSecond = defaultRate, signal, onDamage }: ScrubOptions,
): Promise<ScrubReport> {
  const done = { records: 0, bytes: 0 }
  const began = performance.now()
  const pace = async (bytes: number): Promise<void> => {
    done.bytes += bytes
    const ahead = (done.bytes / bytesPerSecond) * 1_000 - (performance.now() - began)
    if (ahead >= 1) await sleep(ahead, signal)
    else await setImmediate()
    throwIfAborted(signal)
  }
  try {
    const size = open()?.read.size() ?? 0
    for (let from = 0; from < size;) {
      const page = open()?.read.page({ from, to: size, payloads: true }) ?? []
      if (page.length === 0) throw damaged(path, from, `record ${from} is missing`)
      from += page.length
      done.records += page.length
      await pace(page.reduce((sum, { header, payload }) => sum + header.length + (payload?.bytes.length ?? 0), 0))
    }
    for (let level = 4; 2 ** level <= size; level += 4) await scrubLevel(open, path, level, size, pace)
    await scrubRows(open, path, pace)
    return done
  } catch (thrown) {
    const error = toSeamError(thrown)
    if (error.code !== 'INTEGRITY') throw error
    onDamage?.(error)
    return { ...done, damage: error }
  }
}

type Pace = (bytes: number) => Promise<void>

async function scrubLevel(
  open: () => OpenReader | undefined,
  path: string,
  level: number,
  size: number,
  pace: Pace,
): Promise<void> {
  const count = Math.floor(size / 2 ** level)
  for (let from = 0; from < count; from += rowsPerStep) {
    const width = Math.min(rowsPerStep, count - from)
    const nodes = open()?.read.hashes(level, from, width) ?? new Uint8Array(0)
    const below = open()?.read.hashes(level - 4, from * 16, width * 16) ?? new Uint8Array(0)
    for (let i = 0; i < width; i++) {
      const children = below.subarray(i * 512, (i + 1) * 512)
      if (children.length !== 512 || Buffer.compare(perfectRoot(children), nodes.subarray(i * 32, (i + 1) * 32)) !== 0)
        throw damaged(path, (from + i) * 2 ** level, `node ${from + i} of level ${level} is not that of its records`)
    }
    await pace(nodes.length + below.length)
  }
}

async function scrubRows(open: () => OpenReader | undefined, path: string, pace: Pace): Promise<void> {
  const states =
    open()?.db.prepare<[], { sha256: string; bytes: Buffer }>('SELECT sha256, bytes FROM states').all() ?? []
  for (const { sha256, bytes } of states) {
    if (sha256Hex(bytes) !== sha256) throw new SeamError('INTEGRITY', `A state snapshot in ${path} is damaged.`)
    await pace(bytes.length)
  }
  await scrubProjection(
    open,
    path,
    'SELECT rowid AS a, 0 AS b, crc, row FROM runs WHERE (rowid, 0) > (?, ?) ORDER BY rowid LIMIT ?',
    pace,
  )
  await scrubProjection(
    open,
    path,
    'SELECT run AS a, at AS b, crc, row FROM items WHERE (run, at) > (?, ?) ORDER BY run, at LIMIT ?',
    pace,
  )
}

async function scrubProjection(
  open: () => OpenReader | undefined,
  path: string,
  sql: string,
  pace: Pace,
): Promise<void> {
  for (let after: readonly [number, number] = [-1, -1]; ;) {
    const rows =
      open()
        ?.db.prepare<[number, number, number], { a: number; b: number; crc: number; row: string }>(sql)
        .all(...after, rowsPerStep) ?? []
    for (const { crc, row } of rows)
      if (crc32(row) !== crc)
        throw new SeamError('INTEGRITY', `A row of a projection in ${path} is damaged: ${row.slice(0, 80)}`)
    const last = rows.at(-1)
    if (last === undefined) return
    after = [last.a, last.b]
    await pace(rows.reduce((sum, { row }) => sum + row.length, 0))
  }
}
