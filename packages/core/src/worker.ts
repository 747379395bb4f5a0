import type { AgentActivity } from './activity.ts'
import type { Executor, Exit, LaunchSpec } from './executor.ts'
import type { ItemSpec, ResolvedWorkspace, RunSpec } from './plan.ts'
import type { ChildrenPort } from './children.ts'
import type { SummarizedOutput } from './output-summary.ts'
import type { InputRef, KeptConversation, Product } from './product.ts'
import type { ParkReason, RecordData, Step } from './record.ts'
import type { ServiceReport } from './services.ts'
import type { Question, ResumedConversation } from './runtime.ts'
import type { BlobRef, CallOptions } from './seam.ts'
import type { UsagePort } from './usage.ts'

/** One launch, as its durable record describes it. */
export interface StepTask {
  readonly ns: string
  readonly run: string
  readonly launchId: string
  readonly fence: number
  readonly attempt: number
  readonly step: Step
  readonly workspace: ResolvedWorkspace
  readonly setup?: RunSpec['setup']
  /** Digest of the setup layer that is bound in, or that this step builds. */
  readonly layer?: string
  /** Absent for `setup`. */
  readonly item?: ItemSpec
  readonly inputs: readonly InputRef[]
  /** Product that a gate judges. */
  readonly judged?: Product
  /** Snapshot that a parked item resumes from. */
  readonly resumeFrom?: BlobRef
  /** Conversation of an earlier attempt that `main` goes on with. */
  readonly conversation?: KeptConversation
  /** The question that the item waited for last, and what a person said to it. */
  readonly answer?: NonNullable<ResumedConversation['answer']>
}

/** What a step came to, from evidence. */
export type StepVerdict =
  | {
      readonly outcome: 'succeeded' | 'failed' | 'timed-out' | 'canceled'
      readonly reason: string
      readonly detail?: string
    }
  | {
      readonly outcome: 'parked'
      readonly reason: ParkReason
      /** Epoch milliseconds. A `rate-limit` without it goes on as the metered calls say, or after a minute. */
      readonly resumeAt?: number
      readonly expiresAt?: number
      readonly snapshot?: BlobRef
      /** What it waits for, where `reason` is `input`. */
      readonly question?: Question
    }

/** What is left of a step once its process tree is dead. */
export interface StepReport {
  readonly verdict: StepVerdict
  /** For `main`. */
  readonly product?: Product
  /** Of `main`: what another attempt could go on with, with the product's snapshot. */
  readonly conversation?: KeptConversation
  /** Of `main`, where its program is an agent's. */
  readonly activity?: AgentActivity
  /** Of `main`: what outputs with a kind say. */
  readonly summaries?: readonly SummarizedOutput[]
  /** For `setup` and gates. */
  readonly stdout?: BlobRef
  readonly stderr?: BlobRef
  /** For gates; those of `main` are in its product. */
  readonly services?: readonly ServiceReport[]
}

/** Something that was decided about an attempt while it runs, and becomes a record of it. */
export type AttemptFact = {
  [K in FactKind]: { readonly kind: K; readonly data: RecordData[K] }
}[FactKind]

type FactKind = 'egress.decided' | 'tool.denied' | 'tool.allowed' | 'conversation.begun'

/** What the work around one launch may tell the engine before the launch has ended. */
export interface AttemptPort {
  /**
   * Makes facts records, one each, in this order. Resolves when they are durable: what they allow may happen only then.
   *
   * Errors: `CONFLICT` when the attempt is over, `INVALID_INPUT` for a fact that fits no record, `LIMIT_EXCEEDED` for more than
   * 1,000 at once, `UNAVAILABLE` where nothing can be recorded now.
   */
  note(facts: readonly AttemptFact[]): Promise<void>
  /** Where it is absent, nothing can be metered, and what has to be metered is refused. */
  readonly usage?: UsagePort
  /** Where it is absent, the attempt adds no items. */
  readonly children?: ChildrenPort
}

export interface AttemptOptions extends CallOptions {
  /** Where it is absent, nothing can be recorded, and what needs a record fails. */
  readonly port?: AttemptPort
}

/** The work around one launch: before, beside and after it. Every method may be repeated after a crash. */
export interface Worker {
  /**
   * Digest of the setup layer of a run on one kind of executor; reads only the key files of the base.
   * With `ns` it may use what the worker keeps for that namespace instead of asking the source again.
   */
  layerOf(
    workspace: ResolvedWorkspace,
    setup: NonNullable<RunSpec['setup']>,
    executorKind: string,
    options?: CallOptions & { readonly ns?: string },
  ): Promise<string>
  /** Whether a layer is there and whole. */
  hasLayer(ns: string, layer: string, options?: CallOptions): Promise<boolean>
  /** Makes folders, inputs and files, and says what to launch. Repeating it starts from scratch. */
  prepare(task: StepTask, executor: Executor, options?: AttemptOptions): Promise<LaunchSpec>
  /** Drives the runtime from launch to end; resolves after the launch has exited. */
  follow(task: StepTask, executor: Executor, exit: Promise<Exit>, options?: AttemptOptions): Promise<void>
  /** Judges the step and makes its product durable. */
  capture(task: StepTask, executor: Executor, exit: Exit, options?: AttemptOptions): Promise<StepReport>
  /** Removes what the step left on the worker's disk, after its report is a record. Idempotent. */
  release(task: StepTask, options?: CallOptions): Promise<void>
}
