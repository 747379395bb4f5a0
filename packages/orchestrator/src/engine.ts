import type {
  AnyRecord,
  BudgetAccount,
  Pause,
  Principal,
  Question,
  RecordData,
  RunOutcome,
  SpendLimits,
  SpentBudget,
  Submission,
  UsageAmount,
} from '@seamark/core'
import type { AgentVersion } from './state-agents.ts'
import type { Lead } from './lead.ts'
import type { CheckRerun, RerunRequest } from './rerun.ts'
import type { Collection, CollectionTerms, GivenUp, Hold, StorageState } from './state-storage.ts'
import type { Authorize } from './authorization.ts'

/** What a caller may ask of an engine. Every command is authorized, durable when it resolves, and recorded. */
export interface Engine {
  readonly ns: string
  /**
   * Takes the lease, recovers, attaches what still runs. Once. Errors: those of `Journal.acquire`;
   * `INTEGRITY` when snapshot, records and committed heads do not belong together; `UNSUPPORTED` for
   * records of a newer version; `INVALID_INPUT` when unfinished runs need a queue, an executor or a
   * runtime that is not configured, one problem for each; `CONFLICT` when it was started before.
   */
  start(): Promise<void>
  /**
   * Stops taking commands and lets go of the lease. Attempts go on where their executor outlives
   * the service; `cancelRunning` asks every run to cancel first and waits until nothing runs, with `keepPaused` but for those that
   * are paused. A later
   * call waits for the first one; one that comes during `start` waits for it.
   */
  stop(options?: StopOptions): Promise<void>
  /** Resolves with the reason when the engine can not go on (lost lease, damaged journal). */
  readonly failed: Promise<unknown>
  /**
   * Whether a principal may do something: the same place, and the same records of denials, as for the
   * commands below, which ask it themselves. Allows while the engine does not run; denies then with
   * `UNAVAILABLE`, since a denial is told only once it is recorded.
   */
  readonly authorize: Authorize
  /**
   * Records what somebody else than the authorizer denied a principal, such as a command in a plan that its policy does not let run.
   * Resolves once that is durable, alone or counted with others. Errors: `INVALID_INPUT` for what fits no record; `UNAVAILABLE`.
   */
  denied(principal: Principal, denial: RecordData['command.denied']): Promise<void>
  /**
   * Idempotent by `run`. The run keeps the teams that its principal is a member of now: what it spends counts against them.
   * Errors: `CONFLICT` (same id, other plan), `FORBIDDEN`, `INVALID_INPUT` (all problems), `LIMIT_EXCEEDED` (a text that fits
   * no record, too many teams, or a full disk), `UNAUTHENTICATED` (a team whose name fits no record), `UNAVAILABLE` (stopping).
   */
  submit(principal: Principal, submission: Submission): Promise<{ readonly run: string; readonly created: boolean }>
  /**
   * Does a run that is over again: its plan, commit and versions of agents, as they were recorded. What is taken of it is not run:
   * its results are in records of the new run. Idempotent by `run`. `check` is asked once before it is recorded.
   * Errors: those of `submit` and of `check`; `NOT_FOUND` (no such run or item), `CONFLICT` (the run is not over, its payloads were purged, nothing is
   * left to run again, or the new id is that of a run that does not do the same).
   */
  rerun(
    principal: Principal,
    request: RerunRequest,
    check: CheckRerun,
  ): Promise<{ readonly run: string; readonly created: boolean }>
  /** Asks a run, or one item of it, to stop. Errors: `NOT_FOUND`, `FORBIDDEN`. On a sealed run it is recorded and changes nothing. */
  cancel(principal: Principal, run: string, item?: string): Promise<{ readonly effective: boolean }>
  /**
   * Launches nothing new of a run, or of all runs without `run`, until `unpause`; attempts that have begun go to their end, gates
   * included, and are settled. Times go on: deadlines, retries, expiries of questions. It holds after a restart. Where it changes
   * nothing that is recorded, and `effective` is false. Errors: `NOT_FOUND`, `FORBIDDEN`.
   */
  pause(principal: Principal, run?: string): Promise<{ readonly effective: boolean }>
  /** Ends a pause of a run, or that of all. A run that was paused itself stays so. Errors: as of `pause`. */
  unpause(principal: Principal, run?: string): Promise<{ readonly effective: boolean }>
  /**
   * Takes no submissions, begins no attempt, and resolves once nothing runs; it is then as before the call only if that was
   * aborted. What attempts need to come to their end goes on: gates, questions, items that they add. Errors: `ABORTED`; why
   * the engine ended.
   */
  drain(options: { readonly signal: AbortSignal }): Promise<void>
  /** The pause of all runs, where there is one. */
  paused(): Pause | undefined
  /**
   * Resumes a parked item. A late or second token, or one of a wait for an answer, is recorded, changes nothing, and is
   * `CONFLICT`. Errors: `NOT_FOUND`, `FORBIDDEN`.
   */
  resume(principal: Principal, run: string, item: string, token: string): Promise<void>
  /**
   * Raises the budgets of an item, of its parents and of its run by `more`, where they have one, and resumes the item from the wait for a
   * budget that has this token. A late or second token, or one of another wait, is recorded, changes nothing, and is
   * `CONFLICT`. Errors: `NOT_FOUND`, `FORBIDDEN`, `INVALID_INPUT` (no amount, or neither has a budget of that kind).
   */
  approve(principal: Principal, run: string, item: string, token: string, more?: SpendLimits): Promise<void>
  /**
   * Answers the question that an item waits for under this token; its agent goes on in the same conversation where it can. A
   * late or second answer, also to a run that is over, is recorded, changes nothing, and is `CONFLICT`. Errors: `NOT_FOUND`,
   * `FORBIDDEN`, `INVALID_INPUT` (empty, or longer than 20,000 characters).
   */
  answer(principal: Principal, run: string, item: string, token: string, text: string): Promise<void>
  /**
   * Lets plans name a version of an agent, whose manifest and files are durable already. The same content again changes
   * nothing, unless it was removed. Errors: `CONFLICT` (that version has other content, also where it was removed),
   * `FORBIDDEN`, `INVALID_INPUT`, `LIMIT_EXCEEDED` (10,000 versions).
   */
  pushAgent(principal: Principal, agent: RecordData['agent.pushed']): Promise<{ readonly created: boolean }>
  /** No plan may name the version from then on; runs go on. `removed` is false where it was removed before. Errors: `NOT_FOUND`, `FORBIDDEN`. */
  removeAgent(principal: Principal, name: string, version: number): Promise<{ readonly removed: boolean }>
  /** All versions, removed ones too, in the order of their names, then versions. O(versions). */
  agents(): readonly AgentVersion[]
  /**
   * Keeps what a run left, whatever its age; `created` is false where it is held already. Errors: `NOT_FOUND`, `FORBIDDEN`,
   * `INVALID_INPUT` (a reason of more than 200 characters), `CONFLICT` (a collection that gives it up is under way),
   * `LIMIT_EXCEEDED` (10,000 runs).
   */
  hold(principal: Principal, run: string, reason?: string): Promise<{ readonly created: boolean }>
  /** `released` is false where it was not held. Errors: `FORBIDDEN`. */
  release(principal: Principal, run: string): Promise<{ readonly released: boolean }>
  /** What is held, the collection that is under way, and where the first one of just one run is in the log. */
  storage(): Pick<StorageState, 'collection' | 'removalsFrom'> & { readonly holds: readonly Hold[] }
  /** The collection that gave up a run which was sealed at `sealedAt`, in epoch milliseconds; none where it was held each time. */
  givenUp(run: string, sealedAt: number): GivenUp | undefined
  /**
   * Begins to remove blobs; what it may remove is in its record, which is durable. Ended by `collected`, or by the next engine.
   * Errors: `CONFLICT` (one is under way), `FORBIDDEN`.
   */
  collect(principal: Principal, terms: CollectionTerms): Promise<Collection>
  /**
   * Begins to remove what a run left, as `collect`; records stay. Errors: `NOT_FOUND`, `CONFLICT` (it is not over, it is held, or a collection is
   * under way), `FORBIDDEN`.
   */
  removeRun(principal: Principal, run: string): Promise<Collection>
  /** What the removal of what a run left would be held to that began now. Records nothing. Errors: those of `removeRun`. */
  removalLimits(principal: Principal, run: string): Promise<RecordData['collection.begun']>
  /** What a collection would be held to that began now. Errors: `INVALID_INPUT`. */
  collectionLimits(terms: CollectionTerms): RecordData['collection.begun']
  /**
   * Does what only the leader may do. A stop waits for its end, 10 seconds at most, before it lets go of the lease. Errors: those of `work`;
   * `UNAVAILABLE` and `ABORTED` where the engine does not run.
   */
  whileLeading<T>(work: (lead: Lead) => Promise<T>): Promise<T>
  /** A collection is over. Errors: `CONFLICT` where it was. */
  collected(seq: number, data: RecordData['collection.ended']): Promise<void>
  /** Why an item waits, derived from state: needs, lock and who holds it, queue, layer, parked. `undefined` where it does not wait or is not in memory. */
  waiting(run: string, item: string): WaitingReason | undefined
  /**
   * Budgets of agents, principals and teams and of the present day; with `run` those of an unfinished run, its items that
   * have spent from one, its agents, its principal, its teams and the day. Those without a limit are left out. O(items of the
   * run); without `run` O(agents, principals and teams).
   */
  budgets(run?: string): readonly BudgetStanding[]
  /** Resolves when the run is sealed and its seal is covered by a signed checkpoint. Errors: `NOT_FOUND`, `ABORTED`, `UNAVAILABLE` when the engine ends before. */
  sealed(run: string, options?: { readonly signal?: AbortSignal }): Promise<RunOutcome>
  /** Counts for `doctor` and `status`. */
  stats(): {
    readonly runs: number
    /** Those of them that are paused, themselves or with all; not those that are being cancelled. */
    readonly paused: number
    readonly running: number
    readonly waiting: number
    readonly parked: number
    readonly size: number
    /** Items that hold a slot, by queue; those without any are left out. */
    readonly slots: Readonly<Record<string, number>>
  }
  /** Records as they become durable, all of them, for followers in this process; what a listener throws is a notice. Returns a function that stops it. */
  onRecords(listener: (headers: readonly AnyRecord[]) => void): () => void
}

export interface StopOptions {
  readonly cancelRunning?: boolean
  readonly keepPaused?: boolean
}

export type WaitingReason =
  | { readonly for: 'needs'; readonly items: readonly string[] }
  | { readonly for: 'lock'; readonly lock: string; readonly heldBy?: { readonly run: string; readonly item: string } }
  | { readonly for: 'queue'; readonly queue: string }
  | { readonly for: 'setup'; readonly layer: string }
  | { readonly for: 'disk' }
  /** It is ready, and nothing new is launched. */
  | ({ readonly for: 'pause'; readonly of: 'run' | 'service' } & Pause)
  | {
      readonly for: 'parked'
      readonly reason: string
      readonly token: string
      readonly resumeAt?: number
      readonly budget?: SpentBudget
      /** What is away, and what brings it back. */
      readonly detail?: string
      /** What a person has to answer. */
      readonly question?: Question
    }

/** A budget that has a limit, and what is spent of it. */
export interface BudgetStanding {
  readonly account: BudgetAccount
  readonly limits: SpendLimits
  readonly settled: UsageAmount
  /** Taken for calls that are under way. */
  readonly reserved: UsageAmount
  /** Used beyond what was reserved; it takes from what is left. */
  readonly excess: UsageAmount
  /** The limits of which 80 % are spent. */
  readonly warned: readonly (keyof UsageAmount)[]
}
