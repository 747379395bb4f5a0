import type {
  Checkpoint,
  ItemRow,
  JournalBatch,
  ProjectionChange,
  RunRow,
  StateSnapshot,
  UsageRow,
} from '@seamark/core'
import { usageKey } from '@seamark/journal'
import { emptyFrontier, toHex } from '@seamark/log'
import type { Frontier } from '@seamark/log'

interface KeptRecord {
  readonly seq: number
  readonly header: Uint8Array
  readonly leaf: Uint8Array
  readonly run?: string
}

/** What one namespace stores. Bytes and rows are copies: a caller can not change them later. */
export interface MemoryLog {
  readonly records: KeptRecord[]
  readonly payloads: Map<number, { readonly salt: Uint8Array; readonly bytes: Uint8Array }>
  /** Hashes by level; level 0 are the records' leaves. */
  readonly nodes: Map<number, Uint8Array[]>
  readonly runs: Map<string, { readonly row: RunRow; readonly text: string }>
  readonly items: Map<string, Map<number, { readonly row: ItemRow; readonly text: string }>>
  /** By kind, day and index. */
  readonly usage: Map<string, { readonly row: UsageRow; readonly text: string }>
  /** The newest two. */
  states: readonly StateSnapshot[]
  checkpoint: Checkpoint | undefined
  /** The tree up to the newest checkpoint. */
  readonly covered: Frontier
  epoch: number
  readonly waiting: Set<() => void>
}

export function memoryLog(): MemoryLog {
  return {
    records: [],
    payloads: new Map(),
    nodes: new Map(),
    runs: new Map(),
    items: new Map(),
    usage: new Map(),
    states: [],
    checkpoint: undefined,
    covered: emptyFrontier(),
    epoch: 0,
    waiting: new Set(),
  }
}

/** Adds a batch that was checked before. */
export function addBatch(log: MemoryLog, batch: JournalBatch): void {
  for (const { seq, header, leaf, run } of batch.records)
    log.records.push({
      seq,
      header: new Uint8Array(header),
      leaf: new Uint8Array(leaf),
      ...(run !== undefined && { run }),
    })
  for (const { seq, salt, bytes } of batch.payloads)
    log.payloads.set(seq, { salt: new Uint8Array(salt), bytes: new Uint8Array(bytes) })
  for (const { level, hash } of batch.nodes) listIn(log.nodes, level).push(new Uint8Array(hash))
  for (const change of batch.changes) addChange(log, change)
}

function addChange(log: MemoryLog, change: ProjectionChange): void {
  // A row is kept as text, as a database would: no reference and no `undefined` field comes back.
  const text = JSON.stringify(change.row)
  if (change.projection === 'runs') log.runs.set(change.row.run, { row: change.row, text })
  else if (change.projection === 'usage') {
    const { row } = change
    log.usage.set(`${row.by} ${usageKey(row)}`, { row, text })
  } else {
    const { run, index } = change.row
    const ofRun = log.items.get(run) ?? new Map<number, { readonly row: ItemRow; readonly text: string }>()
    ofRun.set(index, { row: change.row, text })
    log.items.set(run, ofRun)
  }
}

/** Root of the first `size` leaves, lower-case hex. `size` must not be less than at an earlier call whose root was kept. */
export function rootAt(log: MemoryLog, size: number): { readonly root: string; readonly keep: () => void } {
  const ahead = log.covered.clone()
  const leaves = log.records.slice(ahead.size, size)
  for (const { leaf } of leaves) ahead.append(leaf)
  return {
    root: toHex(ahead.root()),
    keep: () => leaves.forEach(({ leaf }) => log.covered.append(leaf)),
  }
}

function listIn<K, V>(map: Map<K, V[]>, key: K): V[] {
  const list = map.get(key) ?? []
  map.set(key, list)
  return list
}
