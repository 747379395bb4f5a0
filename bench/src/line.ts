/** A number with its unit. */
export interface Quantity {
  readonly value: number
  readonly unit: string
}

/**
 * What kind of promise a bound is. `ratio`: two measurements of the same run, judged on any machine.
 * `time`: of the clock, judged on a quiet machine only. `size`: of memory at full scale. `count`: exact.
 */
export type BoundKind = 'ratio' | 'time' | 'size' | 'count'

export interface Bound {
  readonly kind: BoundKind
  /** Which number of the line is bound. */
  readonly on: 'measured' | 'ratio'
  readonly is: '<' | '≤' | '≥'
  readonly limit: number
}

/** One line of the table. */
export interface Line {
  readonly what: string
  readonly measured?: Quantity
  readonly baseline?: Quantity
  /** What the baseline is, for the notes below the table. */
  readonly against?: string
  /** Measured by baseline, as measured pair by pair; without it their quotient. */
  readonly ratio?: number
  /** All of them must hold. */
  readonly bounds?: readonly Bound[]
  readonly note?: string
  /** Why there is no measurement. */
  readonly skipped?: string
  /** What went wrong while it was measured: it then counts as over. */
  readonly failed?: string
}

/** How much work the cases do. `quick` is for CI: it takes less than a minute, and only its ratios count. */
export type Scale = 'quick' | 'full'
