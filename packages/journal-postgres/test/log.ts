import type { Checkpoint, Journal, JournalBatch, Lease, NodeEntry, PayloadEntry, RecordEntry } from '@seamark/core'
import { emptyFrontier, leafHash, toHex } from '@seamark/log'
import type { Frontier } from '@seamark/log'

/** A journal's writer: every record has a payload, and the one row of a run says how many records there are. */
export interface Log {
  readonly lease: Lease
  readonly frontier: Frontier
  append(count: number, options?: { readonly urgent?: boolean; readonly payloadBytes?: number }): Promise<void>
  /** What an append of so many, whose answer was lost, has stored. */
  took(count: number): void
  checkpoint(): Checkpoint
}

/** `salt` makes the records of one log other than those of another. */
export async function openLog(journal: Journal, ns = 'default', holder = 'test', salt = 0): Promise<Log> {
  const lease = await journal.acquire(ns, holder)
  let frontier = emptyFrontier()
  for await (const { leaf } of journal.read(ns, 0)) frontier.append(leaf)
  return {
    lease,
    get frontier() {
      return frontier
    },
    async append(count, { urgent = false, payloadBytes = 10 } = {}) {
      const next = frontier.clone()
      await journal.append(lease, frontier.size, draft(next, count, payloadBytes, salt), { urgent })
      frontier = next
    },
    took(count) {
      const next = frontier.clone()
      draft(next, count, 10, salt)
      frontier = next
    },
    checkpoint: () => ({
      origin: 'seamark.invalid/00',
      size: frontier.size,
      root: toHex(frontier.root()),
      note: `size ${frontier.size}\n`,
    }),
  }
}

/** What record `seq` always is. */
export function headerOf(seq: number): Buffer {
  return Buffer.from(JSON.stringify({ seq, pad: 'x'.repeat(seq % 400) }))
}

export function payloadOf(seq: number, size: number): Buffer {
  return Buffer.alloc(size, seq % 256)
}

function draft(frontier: Frontier, count: number, payloadBytes: number, salt: number): JournalBatch {
  const records: RecordEntry[] = []
  const payloads: PayloadEntry[] = []
  const nodes: NodeEntry[] = []
  for (let i = 0; i < count; i++) {
    const seq = frontier.size
    const header = headerOf(seq + salt)
    const leaf = leafHash(header)
    records.push({ seq, header, leaf, run: `run-${seq % 3}` })
    payloads.push({ seq, salt: Buffer.alloc(32, 1), bytes: payloadOf(seq, payloadBytes) })
    frontier.append(leaf, nodes)
  }
  const row = {
    run: 'count',
    status: 'running',
    seq: 0,
    plan: '',
    items: frontier.size,
    settled: { succeeded: 0, failed: 0, canceled: 0, skipped: 0 },
    submittedBy: 'local:0',
    submittedAt: 0,
  } as const
  return { records, payloads, nodes, changes: [{ projection: 'runs', row }] }
}
