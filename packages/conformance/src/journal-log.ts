import type {
  Checkpoint,
  ErrorCode,
  Journal,
  JournalBatch,
  Lease,
  NodeEntry,
  PayloadEntry,
  ProjectionChange,
  ReadOptions,
  RecordEntry,
  StoredRecord,
} from '@seamark/core'
import { hasCode } from '@seamark/kit'
import type { Frontier } from '@seamark/log'
import { emptyFrontier, leafHash, toHex } from '@seamark/log'
import { inspect } from 'node:util'
import { fail } from './check.ts'

/** What a case says of a record; the rest is made up. */
export interface Entry {
  readonly run?: string
  readonly payload?: Uint8Array
  readonly header?: Uint8Array
}

/** A log that a case writes, with the tree that belongs to it. */
export interface CaseLog {
  readonly lease: Lease
  readonly size: number
  /** A batch that fits the end of the log. */
  draft(entries: readonly Entry[], changes?: readonly ProjectionChange[]): JournalBatch
  append(entries: readonly Entry[], changes?: readonly ProjectionChange[]): Promise<JournalBatch>
  /** The true head, as a checkpoint. */
  checkpoint(note?: string): Checkpoint
}

/** Takes the lease of an empty namespace, or of one that holds what `before` wrote. */
export async function openLog(journal: Journal, ns = 'default', before?: Frontier | CaseLog): Promise<CaseLog> {
  const lease = await journal.acquire(ns, 'conformance')
  const start =
    before === undefined ? emptyFrontier() : 'lease' in before ? (frontiers.get(before) ?? emptyFrontier()) : before
  const log: CaseLog = {
    lease,
    get size() {
      return frontierOf(log).size
    },
    draft: (entries, changes = []) => drafted(frontierOf(log).clone(), entries, changes),
    async append(entries, changes = []) {
      const frontier = frontierOf(log).clone()
      const from = frontier.size
      const batch = drafted(frontier, entries, changes)
      await journal.append(lease, from, batch)
      frontiers.set(log, frontier)
      return batch
    },
    checkpoint: (note = 'a signed note\n') => ({
      origin: 'seamark.invalid/00112233445566778899aabbccddeeff',
      size: frontierOf(log).size,
      root: toHex(frontierOf(log).root()),
      note,
    }),
  }
  frontiers.set(log, start.clone())
  return log
}

const frontiers = new WeakMap<CaseLog, Frontier>()

function frontierOf(log: CaseLog): Frontier {
  return frontiers.get(log) ?? emptyFrontier()
}

function drafted(frontier: Frontier, entries: readonly Entry[], changes: readonly ProjectionChange[]): JournalBatch {
  const records: RecordEntry[] = []
  const payloads: PayloadEntry[] = []
  const nodes: NodeEntry[] = []
  for (const { run, payload, header = headerOf(frontier.size) } of entries) {
    const seq = frontier.size
    const leaf = leafHash(header)
    records.push({ seq, header, leaf, ...(run !== undefined && { run }) })
    if (payload !== undefined) payloads.push({ seq, salt: new Uint8Array(32).fill(seq % 251), bytes: payload })
    frontier.append(leaf, nodes)
  }
  return { records, payloads, nodes, changes }
}

/** A header that no other record has. */
export function headerOf(seq: number): Uint8Array {
  return new TextEncoder().encode(`{"kind":"test","seq":${seq}}`)
}

/** As many plain records. */
export function plain(count: number): readonly Entry[] {
  return Array.from({ length: count }, () => ({}))
}

export async function readAll(
  journal: Journal,
  ns: string,
  from = 0,
  options: ReadOptions = {},
): Promise<readonly StoredRecord[]> {
  const out: StoredRecord[] = []
  for await (const record of journal.read(ns, from, options)) out.push(record)
  return out
}

/** Records in a form that compares by value, whatever kind of byte array an implementation hands out. */
export function shown(records: readonly StoredRecord[]): readonly unknown[] {
  return records.map(({ seq, header, leaf, run, payload }) => ({
    seq,
    header: Buffer.from(header).toString('base64'),
    leaf: toHex(leaf),
    run,
    payload: payload && { salt: toHex(payload.salt), bytes: Buffer.from(payload.bytes).toString('base64') },
  }))
}

/** The records of batches, as `shown` gives them. */
export function written(
  batches: readonly JournalBatch[],
  options: { readonly payloads?: boolean } = {},
): readonly unknown[] {
  return batches.flatMap(({ records, payloads }) =>
    shown(
      records.map((record) => {
        const found = options.payloads === true ? payloads.find(({ seq }) => seq === record.seq) : undefined
        return { ...record, ...(found && { payload: { salt: found.salt, bytes: found.bytes } }) }
      }),
    ),
  )
}

/** What a promise failed with; fails the case where it did not. */
export async function errorOf(promise: Promise<unknown>, what: string): Promise<Error> {
  const error = await promise.then(
    () => fail(`${what}: it did not fail`),
    (thrown: unknown) => thrown,
  )
  return error instanceof Error ? error : fail(`${what}: ${inspect(error)} is not an Error`)
}

export function expectCodeOf(error: unknown, code: ErrorCode, what: string): void {
  if (!hasCode(error, code)) fail(`${what}: expected ${code}, got ${inspect(error)}`)
}
