import type { ItemOutcome, ParkReason, Product, RunOutcome } from './record.ts'
import type { CallOptions, Seam } from './seam.ts'

/** A run as a list shows it. */
export interface RunRow {
  readonly run: string
  readonly name?: string
  readonly status: 'running' | 'canceling' | RunOutcome
  /** `seq` of its `run.submitted`. */
  readonly seq: number
  readonly plan: string
  /** Repository commit that it works on. */
  readonly commit?: string
  readonly items: number
  /** How many items have settled, by outcome. */
  readonly settled: {
    readonly succeeded: number
    readonly failed: number
    readonly canceled: number
    readonly skipped: number
  }
  readonly submittedBy: string
  /** Epoch milliseconds. */
  readonly submittedAt: number
  readonly sealedAt?: number
  /** `runSeq` and leaf hash of its newest record, and the next segment, for what comes after the seal. */
  readonly tail?: { readonly runSeq: number; readonly leaf: string; readonly segment: number }
}

/** An item as a list shows it. */
export interface ItemRow {
  readonly run: string
  readonly index: number
  readonly item: string
  readonly status: 'waiting' | 'running' | 'parked' | ItemOutcome
  readonly attempt: number
  readonly reason?: string
  readonly parked?: { readonly reason: ParkReason; readonly token: string; readonly resumeAt?: number }
  /** Product of the attempt that counts. */
  readonly product?: Product
  readonly startedAt?: number
  readonly endedAt?: number
  /** Executor of the newest attempt. */
  readonly executor?: string
}

export interface ProjectionRows {
  readonly runs: RunRow
  readonly items: ItemRow
}
export type ProjectionName = keyof ProjectionRows

/** One typed change, written in the transaction of the records that it follows from. Rows are replaced whole. */
export type ProjectionChange =
  { readonly projection: 'runs'; readonly row: RunRow } | { readonly projection: 'items'; readonly row: ItemRow }

/** Equality filters. Runs come newest first, items in ascending index. */
export interface ProjectionFilters {
  readonly runs: { readonly run?: string; readonly status?: RunRow['status']; readonly name?: string }
  readonly items: { readonly run: string; readonly item?: string; readonly status?: ItemRow['status'] }
}

/** How questions about runs, finished ones too, are answered. Needs no lease. */
export interface Projections extends Seam<'projections/v1'> {
  /** One page and, where there is more, the cursor of the next. Errors: `INVALID_INPUT` for a cursor that is not ours. */
  query<P extends ProjectionName>(
    ns: string,
    projection: P,
    filter: ProjectionFilters[P],
    page?: { readonly cursor?: string; readonly limit?: number },
    options?: CallOptions,
  ): Promise<{ readonly rows: readonly ProjectionRows[P][]; readonly cursor?: string }>
}
