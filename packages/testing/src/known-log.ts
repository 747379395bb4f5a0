import type {
  Checkpoint,
  Journal,
  JournalBatch,
  Lease,
  NodeEntry,
  PayloadEntry,
  Projections,
  RecordEntry,
} from '@seamark/core'
import type { ScrubOptions, ScrubReport } from '@seamark/journal'
import { emptyFrontier, leafHash, toHex } from '@seamark/log'
import type { Frontier } from '@seamark/log'

/** A journal's writer, whose records are known: every one has a payload, and the row of the one run says how many there are. */
export interface KnownLog {
  readonly lease: Lease
  readonly frontier: Frontier
  append(count: number, options?: { readonly urgent?: boolean; readonly payloadBytes?: number }): Promise<void>
  /** What an append of so many, whose answer was lost, has stored. */
  took(count: number): void
  checkpoint(): Checkpoint
}

/** Takes the lease and goes on after what is there. `salt` makes the records of one log other than those of another. */
export async function openLog(journal: Journal, ns = 'default', holder = 'test', salt = 0): Promise<KnownLog> {
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
function headerOf(seq: number): Buffer {
  return Buffer.from(JSON.stringify({ seq, pad: 'x'.repeat(seq % 400) }))
}

function payloadOf(seq: number, size: number): Buffer {
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

/** A store that can read all that it holds. */
export interface ScrubbedStore {
  readonly journal: Journal & { scrub(ns: string, options?: ScrubOptions): Promise<ScrubReport> }
  readonly projections: Projections
}

/**
 * Makes sure that what a store holds is exactly what `openLog` writes without a salt, 10 bytes a payload, up to some
 * whole batch, and that a scrub finds it whole. Gives its size. Throws where it is not.
 */
export async function requireWhole({
  journal,
  projections,
}: ScrubbedStore): Promise<{ size: number; checkpoint: Checkpoint | undefined }> {
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`Not what was written: ${what}.`)
  }
  const { size, checkpoint } = await journal.head('default')
  const frontier = emptyFrontier()
  let covered = toHex(frontier.root())
  for await (const { seq, header, leaf, run, payload } of journal.read('default', 0, { payloads: true, to: size })) {
    must(seq === frontier.size && run === `run-${seq % 3}` && headerOf(seq).equals(header), `record ${seq}`)
    must(payload !== undefined && payloadOf(seq, 10).equals(payload.bytes), `the payload of record ${seq}`)
    frontier.append(leaf)
    if (frontier.size === checkpoint?.size) covered = toHex(frontier.root())
  }
  must(frontier.size === size, `${frontier.size} of ${size} records`)
  must(checkpoint === undefined || covered === checkpoint.root, `what the checkpoint of ${checkpoint?.size} covers`)
  const { rows } = await projections.query('default', 'runs', {})
  // The row is of the same transaction as the newest record.
  must(rows.length === Math.min(size, 1) && (rows[0]?.items ?? 0) === size, `the rows of ${size} records`)
  const { damage } = await journal.scrub('default', { bytesPerSecond: 1e10 })
  if (damage !== undefined) throw damage
  return { size, checkpoint }
}
