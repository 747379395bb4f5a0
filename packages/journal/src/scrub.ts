import type { StateSnapshot, StoredRecord } from '@seamark/core'
import { sha256Hex, sleep, throwIfAborted, toSeamError } from '@seamark/kit'
import type { SeamError } from '@seamark/kit'
import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { damaged, damagedRow, damagedState } from './damage.ts'
import type { PageRequest } from './stored-records.ts'
import { checkNodes } from './tree.ts'

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

type Answer<T> = T | Promise<T>

/** A row of a projection: its JSON and the CRC-32 of that. */
export interface StoredProjectionRow {
  readonly text: string
  readonly crc: number
}

/** What is stored of one namespace. */
export interface Scrubbed {
  /** Names it in errors, such as the path of its database. */
  readonly where: string
  size(): Answer<number>
  /** The next records, through `checkPage`. */
  page(request: PageRequest): Answer<readonly StoredRecord[]>
  hashes(level: number, from: number, count: number): Answer<Uint8Array>
  states(): Answer<readonly Omit<StateSnapshot, 'foldVersion'>[]>
  /** Every row of every projection, a few at a time. */
  rows(): AsyncIterable<readonly StoredProjectionRow[]> | Iterable<readonly StoredProjectionRow[]>
}

const defaultRate = 8 * 1024 * 1024
const nodesPerStep = 256

/** One pass over all that was stored when it began. Errors: `ABORTED`, those of the store except `INTEGRITY`. */
export async function scrub(
  stored: Scrubbed,
  { bytesPerSecond = defaultRate, signal, onDamage }: ScrubOptions,
): Promise<ScrubReport> {
  const { where } = stored
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
    const size = await stored.size()
    for (let from = 0; from < size;) {
      const page = await stored.page({ from, to: size, payloads: true })
      if (page.length === 0) throw damaged(where, from, `record ${from} is missing`)
      from += page.length
      done.records += page.length
      await pace(page.reduce((sum, { header, payload }) => sum + header.length + (payload?.bytes.length ?? 0), 0))
    }
    for (let level = 4; 2 ** level <= size; level += 4) {
      const all = Math.floor(size / 2 ** level)
      for (let from = 0; from < all; from += nodesPerStep) {
        const count = Math.min(nodesPerStep, all - from)
        const nodes = await stored.hashes(level, from, count)
        const below = await stored.hashes(level - 4, from * 16, count * 16)
        checkNodes(where, { level, from, count }, nodes, below)
        await pace(nodes.length + below.length)
      }
    }
    for (const state of await stored.states()) {
      if (sha256Hex(state.bytes) !== state.sha256) throw damagedState(where, state.size)
      await pace(state.bytes.length)
    }
    for await (const rows of stored.rows()) {
      for (const { text, crc } of rows) if (crc32(text) !== crc) throw damagedRow(where)
      await pace(rows.reduce((sum, { text }) => sum + text.length, 0))
    }
    return done
  } catch (thrown) {
    const error = toSeamError(thrown)
    if (error.code !== 'INTEGRITY') throw error
    onDamage?.(error)
    return { ...done, damage: error }
  }
}
