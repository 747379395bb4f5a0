import type { AuditAnchor, Authorizer, Executor, Journal, Projections, Signer, Worker } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import type { BudgetDefaults } from './commands.ts'
import type { LaunchFacts } from './launch-facts.ts'
import type { Queues } from './schedule.ts'

/** What an engine is made of. */
export interface EngineOptions {
  readonly ns: string
  readonly journal: Journal
  readonly projections: Projections
  readonly worker: Worker
  readonly executors: readonly Executor[]
  /** Names of the runtimes that the worker knows. */
  readonly runtimes: readonly string[]
  readonly authorizer: Authorizer
  /** Of role `log`. */
  readonly signer: Signer
  readonly anchors?: readonly AuditAnchor[]
  readonly queues: Queues
  /** What each principal and each day (UTC), and agents and teams by name, may spend. Default: no limit. */
  readonly budgets?: BudgetDefaults
  /** Digest of the report of probes that an executor's promises rest on now; it goes into its launches. */
  readonly probeOf?: (executor: string) => string | undefined
  /** What the options of a runtime tell every agent; it goes into its launches. */
  readonly instructionsOf?: LaunchFacts['instructionsOf']
  /** Origin of a log that does not exist yet. An existing log keeps its own. */
  readonly newOrigin: () => string
  /** Version of the program, and a text that names this process to others. */
  readonly version: string
  readonly holder: string
  /** How many records recovery replays at most while little is in memory. Default 20,000. */
  readonly recordsPerSnapshot?: number
  /** Begins no attempt and takes no submissions, as one that drains: what has begun goes to its end. */
  readonly finishing?: boolean
  readonly clock?: Clock
  readonly random?: () => number
  readonly salt?: () => Uint8Array
  readonly yield?: () => Promise<void>
  /** Takes out of a text what may be in no record. Default: nothing. */
  readonly redact?: (text: string) => string
  /** Something failed that is being tried again, or that nothing depends on. */
  readonly onNotice?: (error: Error) => void
}
