import type { SummarizedOutput } from './output-summary.ts'

/** Which run a run does again, and what it takes from it. Without `take` all of its items are run again. */
export interface RerunOf {
  /** The earlier run. */
  readonly of: string
  /** Items that succeeded there are not run again. */
  readonly take?: 'succeeded'
  /** But for this one, and all that need it, directly or not. Only with `take`. */
  readonly from?: string
}

/** The `data` of records about results of earlier runs. */
export interface RerunRecords<Product> {
  /**
   * The item in the header is not run: its product is the one that the same item of an earlier run succeeded with. Its settlement
   * follows.
   */
  readonly 'item.taken': {
    /** The run that a run does again, as its `run.submitted` has it. */
    readonly run: string
    /** The record of that run which has the product, and its leaf hash. */
    readonly seq: number
    readonly leaf: string
    readonly product: Product
    /** As that record has them. */
    readonly summaries?: readonly SummarizedOutput[]
  }
}
