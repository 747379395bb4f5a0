import type { AnyRecord, NodeEntry, PayloadCommitment, PayloadEntry, RecordDraft, RecordEntry } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Frontier } from './frontier.ts'
import { commitPayload, headerBytes, toHex } from './hash.ts'
import { LIMITS } from './limits.ts'

/** The last record of a run: what the run's next record is chained to. */
export interface RunTail {
  readonly runSeq: number
  /** Leaf hash, lower-case hex. */
  readonly leaf: string
}

/** Where a log's next record goes. `placeRecord` moves it on. */
export interface LogCursor {
  readonly ns: string
  /** Epoch of the lease. */
  readonly epoch: number
  /** Time of the last record, epoch milliseconds; 0 for an empty log. */
  lastAt: number
  /** Its size is the next `seq`. */
  readonly frontier: Frontier
  readonly tails: {
    get(run: string): RunTail | undefined
    set(run: string, tail: RunTail): unknown
  }
}

/** A record with its place in the log. */
export interface PlacedRecord {
  readonly header: AnyRecord
  /** Canonical JSON of the header, UTF-8. */
  readonly bytes: Uint8Array
  /** RFC 6962 leaf hash of `bytes`. */
  readonly leaf: Uint8Array
}

/** What one append needs. */
export interface PlacedBatch {
  readonly records: PlacedRecord[]
  readonly payloads: PayloadEntry[]
  readonly nodes: NodeEntry[]
}

/** A batch without records. */
export function emptyBatch(): PlacedBatch {
  return { records: [], payloads: [], nodes: [] }
}

/** A placed record as the journal takes it. */
export function recordEntry(placed: PlacedRecord): RecordEntry {
  const { header, bytes, leaf } = placed
  return { seq: header.seq, header: bytes, leaf, ...(header.run !== undefined && { run: header.run }) }
}

/**
 * Gives drafts their places at the end of the log, in order, at `at` or the last record's time if
 * that is later. Errors are those of `placeRecord`; the cursor then stands after the last draft that fitted.
 */
export function placeRecords(cursor: LogCursor, drafts: readonly RecordDraft[], at: number): PlacedBatch {
  const batch = emptyBatch()
  for (const draft of drafts) placeRecord(cursor, draft, at, batch)
  return batch
}

/**
 * Gives one draft its place, adds it to `batch` and moves the cursor on.
 *
 * Errors: `LIMIT_EXCEEDED` for a header over 60 kB or a payload over 1 MiB, `INVALID_INPUT` for what
 * canonical JSON can not hold or a salt that is not 32 bytes. After an error nothing has changed.
 */
export function placeRecord(cursor: LogCursor, draft: RecordDraft, at: number, batch: PlacedBatch): PlacedRecord {
  const seq = cursor.frontier.size
  const tail = draft.run === undefined ? undefined : cursor.tails.get(draft.run)
  const time = Math.max(at, cursor.lastAt)
  const header = headerOf(cursor, draft, seq, time, tail)
  const { bytes, leaf } = headerBytes(header)
  if (bytes.length > LIMITS.headerBytes)
    throw new SeamError(
      'LIMIT_EXCEEDED',
      `The header of a ${draft.kind} record has ${bytes.length} bytes; at most ${LIMITS.headerBytes} fit.`,
      { remedy: 'Name fewer or shorter things in one record, or put the text into its payload.' },
    )
  const placed: PlacedRecord = { header, bytes, leaf }
  cursor.lastAt = time
  cursor.frontier.append(leaf, batch.nodes)
  if (draft.run !== undefined) cursor.tails.set(draft.run, { runSeq: (tail?.runSeq ?? -1) + 1, leaf: toHex(leaf) })
  batch.records.push(placed)
  if (draft.payload !== undefined) batch.payloads.push({ seq, salt: draft.payload.salt, bytes: draft.payload.bytes })
  return placed
}

function headerOf(
  cursor: LogCursor,
  draft: RecordDraft,
  seq: number,
  at: number,
  tail: RunTail | undefined,
): AnyRecord {
  const { ns, epoch } = cursor
  const { payload, ...rest } = draft
  // In one copy: there is a header for each record.
  return {
    ...rest,
    v: 1,
    kindVersion: 1,
    ns,
    seq,
    epoch,
    at,
    ...(draft.run !== undefined && { runSeq: (tail?.runSeq ?? -1) + 1 }),
    ...(tail && { prevInRun: tail.leaf }),
    ...(payload && { payload: commitment(payload) }),
  }
}

function commitment({ mediaType, bytes, salt }: NonNullable<RecordDraft['payload']>): PayloadCommitment {
  if (salt.length !== LIMITS.saltBytes)
    throw new SeamError(
      'INVALID_INPUT',
      `The salt of a payload is ${LIMITS.saltBytes} random bytes, not ${salt.length}.`,
    )
  if (bytes.length > LIMITS.payloadBytes)
    throw new SeamError(
      'LIMIT_EXCEEDED',
      `A payload of ${bytes.length} bytes is over the limit of ${LIMITS.payloadBytes}.`,
      { remedy: 'Split it over several records, or store it as a blob.' },
    )
  return { hmac: commitPayload(salt, bytes), size: bytes.length, mediaType }
}
