import type { ItemRow, Journal, Projections, ProjectionChange, RunRow, UsageRow } from '@seamark/core'
import type { MakeSubject } from './suite.ts'

/** Projections together with the journal whose transactions write them. */
export interface WritableProjections extends Projections {
  readonly journal: Journal
}

/** A subject's seam from the two that share a store. */
export function writableProjections(store: {
  readonly journal: Journal
  readonly projections: Projections
}): WritableProjections {
  const { journal, projections } = store
  return {
    spec: projections.spec,
    kind: projections.kind,
    name: projections.name,
    guarantees: projections.guarantees,
    journal,
    query: (ns, projection, filter, page, options) => projections.query(ns, projection, filter, page, options),
  }
}

/** A store of both seams in a place of its own. */
export interface FreshStore {
  current(): { readonly journal: Journal; readonly projections: Projections }
  /** Closes it, and opens it again on what it has stored. */
  reopen(): Promise<{ readonly journal: Journal; readonly projections: Projections }>
  dispose(): Promise<void>
}

/** The subjects of the journal's suite. */
export function journalOf(fresh: () => FreshStore): MakeSubject<Journal> {
  return async () => {
    const store = fresh()
    return {
      seam: store.current().journal,
      reopen: async () => (await store.reopen()).journal,
      dispose: () => store.dispose(),
    }
  }
}

/** The subjects of the projections' suite. */
export function projectionsOf(fresh: () => FreshStore): MakeSubject<WritableProjections> {
  return async () => {
    const store = fresh()
    return {
      seam: writableProjections(store.current()),
      reopen: async () => writableProjections(await store.reopen()),
      dispose: () => store.dispose(),
    }
  }
}

export function runRow(run: string, seq: number, more: Partial<RunRow> = {}): RunRow {
  return {
    run,
    status: 'running',
    seq,
    plan: 'a'.repeat(64),
    items: 3,
    settled: { succeeded: 0, failed: 0, canceled: 0, skipped: 0 },
    submittedBy: 'local:0',
    submittedAt: 1_800_000_000_000 + seq,
    ...more,
  }
}

export function itemRow(run: string, index: number, more: Partial<ItemRow> = {}): ItemRow {
  return { run, index, item: `item-${index}`, status: 'waiting', attempt: 0, ...more }
}

export function runs(...rows: readonly RunRow[]): readonly ProjectionChange[] {
  return rows.map((row) => ({ projection: 'runs', row }))
}

export function items(...rows: readonly ItemRow[]): readonly ProjectionChange[] {
  return rows.map((row) => ({ projection: 'items', row }))
}

export function usageRow(by: UsageRow['by'], day: string, index: number, more: Partial<UsageRow> = {}): UsageRow {
  return {
    by,
    day,
    index,
    calls: 1,
    assumed: 0,
    charged: { tokens: 30, nanoUsd: 40 },
    excess: { tokens: 0, nanoUsd: 0 },
    tokens: { input: 10, output: 20, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
    ...more,
  }
}

export function usage(...rows: readonly UsageRow[]): readonly ProjectionChange[] {
  return rows.map((row) => ({ projection: 'usage', row }))
}
