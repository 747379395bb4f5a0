/** Kinds of outputs that are read: JUnit XML, SARIF 2.1.0, and coverage as lcov or Cobertura XML. */
export type OutputKind = 'junit' | 'sarif' | 'coverage'

export type FindingLevel = 'error' | 'warning' | 'note' | 'none'

export interface Covered {
  readonly covered: number
  readonly total: number
}

/** What an output with a kind says, in sums. Names come from whoever wrote it. */
export type OutputSummary =
  | {
      readonly kind: 'junit'
      /** Test cases; those that failed, ended with an error or were skipped are among them, each counted once. */
      readonly tests: number
      readonly failures: number
      readonly errors: number
      readonly skipped: number
      /** Names of cases that failed or ended with an error, in the order of the file; at most 10. */
      readonly failing: readonly string[]
    }
  | {
      readonly kind: 'sarif'
      /** Results by level that are not suppressed. */
      readonly errors: number
      readonly warnings: number
      readonly notes: number
      readonly suppressed: number
      /** The first of them, but for level `none`; at most 10. `place` is a path, with a line after a colon where it has one. */
      readonly findings: readonly {
        readonly level: Exclude<FindingLevel, 'none'>
        readonly rule?: string
        readonly place?: string
      }[]
    }
  | {
      readonly kind: 'coverage'
      readonly lines: Covered
      readonly branches?: Covered
    }
  | {
      readonly kind: OutputKind
      /** Why it could not be read. */
      readonly unreadable: string
    }

/** A declared output with a kind, and what it says. */
export interface SummarizedOutput {
  /** Path in the workspace. */
  readonly path: string
  readonly summary: OutputSummary
}
