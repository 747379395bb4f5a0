import type { AnyRecord, ItemRow, RunRow, VerifyReport } from '@seamark/core'

/** A part of something long. */
export interface Excerpt {
  readonly text: string
  /** Bytes of it that are not here. */
  readonly leftOut: number
}

/** What a report shows of an item beside its row and its records. */
export interface ItemTexts {
  /** The beginning of its patch, in git's format. */
  readonly patch?: Excerpt
  /** The end of each stream of its main step. */
  readonly stdout?: Excerpt
  /** In the place of stdout, where its program was written to: lines of it after `<`, of what it was told after `>`. */
  readonly transcript?: Excerpt
  readonly stderr?: Excerpt
}

/** What a report is made of. Every text in it may be hostile. */
export interface ReportInput {
  /** Version of Seamark. */
  readonly version: string
  /** Namespace. */
  readonly ns: string
  /** Epoch milliseconds at which it is made. */
  readonly now: number
  readonly run: Omit<RunRow, 'tail'>
  /** In the order of the plan. */
  readonly items: readonly ItemRow[]
  /** All records of the run, in order. */
  readonly records: readonly AnyRecord[]
  /** By id of the item. */
  readonly texts: ReadonlyMap<string, ItemTexts>
  readonly evidence: ReportEvidence
}

/** What was found when the bundle was verified by whoever makes the report, with the keys of the log itself; or why it was not. */
export type ReportEvidence =
  { readonly verified: true; readonly report: VerifyReport } | { readonly verified: false; readonly why: string }
