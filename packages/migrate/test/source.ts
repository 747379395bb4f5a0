import type {
  ItemRow,
  Journal,
  NodeEntry,
  PayloadEntry,
  Projections,
  RecordEntry,
  RunRow,
  UsageRow,
} from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { emptyFrontier, leafHash, toHex } from '@seamark/log'
import type { Store } from '../src/index.ts'

const settled = { succeeded: 0, failed: 0, canceled: 0, skipped: 0 }
const runRow = (run: string, seq: number): RunRow => ({
  run,
  seq,
  status: 'succeeded',
  plan: '0'.repeat(64),
  items: 3,
  settled,
  submittedBy: 'local:0',
  submittedAt: seq,
  ...(seq % 2 === 0 && { name: `name ${seq}` }),
})
const itemRow = (run: string, index: number): ItemRow => ({
  run,
  index,
  item: `item-${index}`,
  status: 'succeeded',
  attempt: index,
})

const none = { tokens: 0, nanoUsd: 0 }
const usageRow = (by: UsageRow['by'], run: string, index: number): UsageRow => ({
  by,
  day: '2026-11-22',
  index,
  ...(by === 'run' || by === 'item' ? { run } : { [by]: 'local:0' }),
  calls: index,
  assumed: 0,
  charged: none,
  excess: none,
  tokens: { input: index, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
})
const KINDS = ['item', 'run', 'agent', 'principal', 'team', 'model'] as const

/** A log of `size` records of many runs, with payloads, rows, a snapshot, a checkpoint before its end and purged payloads. */
export async function fill({ journal }: Store, size: number): Promise<void> {
  const lease = await journal.acquire('default', 'source')
  const frontier = emptyFrontier()
  while (frontier.size < size) {
    const before = frontier.size
    const records: RecordEntry[] = []
    const payloads: PayloadEntry[] = []
    const nodes: NodeEntry[] = []
    for (let i = 0; i < 100 && frontier.size < size; i++) {
      const seq = frontier.size
      const header = Buffer.from(JSON.stringify({ seq, pad: 'x'.repeat(seq % 300) }))
      const leaf = leafHash(header)
      records.push({ seq, header, leaf, ...(seq % 5 > 0 && { run: `run-${seq % 37}` }) })
      if (seq % 3 > 0) payloads.push({ seq, salt: Buffer.alloc(32, seq % 256), bytes: Buffer.alloc(seq % 999, 1) })
      frontier.append(leaf, nodes)
    }
    const run = `run-${before}`
    const items = Array.from({ length: 30 }, (_, index) => ({ projection: 'items', row: itemRow(run, index) }) as const)
    const usage = KINDS.map((by) => ({ projection: 'usage', row: usageRow(by, run, before) }) as const)
    const changes = [{ projection: 'runs', row: runRow(run, before) } as const, ...items, ...usage]
    await journal.append(lease, before, { records, payloads, nodes, changes })
    if (frontier.size * 2 >= size && before * 2 < size) {
      const root = toHex(frontier.root())
      await journal.commitCheckpoint(lease, { origin: 'seamark.invalid/00', size: frontier.size, root, note: 'n\n' })
    }
  }
  const bytes = Buffer.from('state')
  await journal.saveState(lease, { size: frontier.size, foldVersion: 3, sha256: sha256Hex(bytes), bytes })
  await journal.purge(lease, [1, 7, 8])
  await lease.release()
}

/** All that a store tells of a namespace, as data that compares by value. */
export async function everything({ journal, projections }: Store): Promise<unknown> {
  const records: unknown[] = []
  for await (const { seq, header, leaf, run, payload } of journal.read('default', 0, { payloads: true }))
    records.push([seq, toHex(header), toHex(leaf), run, payload && [toHex(payload.salt), sha256Hex(payload.bytes)]])
  const { size, checkpoint } = await journal.head('default')
  const hashes = [0, 4, 8, 12].map(async (level) => toHex(await journal.hashes('default', level, 0, size)))
  const runs = await rows(projections, 'runs', {})
  const items = await Promise.all(runs.map(({ run }) => rows(projections, 'items', { run })))
  const usage = await Promise.all(KINDS.map((by) => rows(projections, 'usage', { by })))
  const state = await journal.loadState('default', 3)
  return {
    size,
    checkpoint,
    records,
    hashes: await Promise.all(hashes),
    runs,
    items,
    usage,
    state: state && toHex(state.bytes),
  }
}

async function rows<P extends 'runs' | 'items' | 'usage'>(
  projections: Projections,
  projection: P,
  filter: Parameters<typeof projections.query<P>>[2],
) {
  const { rows: found } = await projections.query('default', projection, filter, { limit: 1_000 })
  return found
}

/** A journal whose call of a kind fails after some times, as where the process ends there. */
export function breaking(journal: Journal, method: 'append' | 'commitCheckpoint', after: number): Journal {
  let left = after
  const call = (): void => {
    if (left-- <= 0) throw new Error('it broke')
  }
  return {
    ...journal,
    append: async (...args) => {
      if (method === 'append') call()
      await journal.append(...args)
    },
    commitCheckpoint: async (...args) => {
      if (method === 'commitCheckpoint') call()
      await journal.commitCheckpoint(...args)
    },
  }
}
