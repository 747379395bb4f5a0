import type { ItemRow, Journal, Projections, ProjectionChange, RunRow } from '@seamark/core'

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
