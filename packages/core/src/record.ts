import type { AgentActivity } from './activity.ts'
import type { AgentInstruction, LaunchedAgent } from './agent-pin.ts'
import type { ControlRecords } from './control-records.ts'
import type { LayerRecords } from './layer-records.ts'
import type { RerunOf, RerunRecords } from './rerun-records.ts'
import type { StorageRecords } from './storage-records.ts'
import type { SummarizedOutput } from './output-summary.ts'
import type { InputRef, KeptConversation, Product } from './product.ts'
import type { BlobRef } from './seam.ts'
import type { ErrorCode } from './error.ts'
import type { Exit, Isolation } from './executor.ts'
import type { PayloadCommitment } from './payload.ts'
import type { ServiceReport } from './services.ts'
import type { EgressMode } from './policy.ts'
import type { BudgetAccount, SpendLimits, TokenCounts, UsageAmount } from './usage.ts'

/** `setup` builds a layer, `main` is the item's program, `gate:<n>` judges its product. */
export type Step = 'setup' | 'main' | `gate:${number}`

export type AttemptOutcome = 'succeeded' | 'failed' | 'timed-out' | 'lost' | 'canceled' | 'parked'
export type ItemOutcome = 'succeeded' | 'failed' | 'canceled' | 'skipped'
export type RunOutcome = 'succeeded' | 'failed' | 'canceled'

export type ParkReason = 'retry' | 'capacity' | 'rate-limit' | 'input' | 'approval' | 'budget' | 'quorum' | 'pause'

/** The `data` of each record kind, version 1. Their zod schemas are in `@seamark/log`. */
export interface RecordData extends ControlRecords, LayerRecords, RerunRecords<Product>, StorageRecords {
  /** The first record of every log. */
  'log.opened': {
    readonly origin: string
    /** For a log that starts again after a restore: the log it goes on from. */
    readonly follows?: { readonly origin: string; readonly size: number; readonly root: string }
  }
  /** An engine took the lease. */
  'engine.started': {
    readonly version: string
    readonly holder: string
    readonly executors: readonly { readonly name: string; readonly kind: string; readonly isolation: Isolation }[]
  }
  'engine.stopped': { readonly reason: 'requested' | 'failed' }
  /** This head is about to be signed; durable before the signature exists. */
  'checkpoint.committed': { readonly size: number; readonly root: string }
  'checkpoint.anchored': {
    readonly size: number
    readonly kind: string
    readonly name: string
    readonly receipt: string
  }
  'checkpoint.unanchored': {
    readonly size: number
    readonly kind: string
    readonly name: string
    readonly code: string
  }
  /** The authorizer said no, or, with the policy `plan`, a plan asked for what its policies do not let it: `target` is the first place. */
  'command.denied': {
    readonly action: string
    readonly policy: string
    readonly target?: string
    /** How many denials of the principal this record stands for: of places in a plan, or where there were too many for one each. */
    readonly count?: number
  }
  /** A command or result that came too late or twice, and had no effect. */
  'command.voided': { readonly command: string; readonly reason: string; readonly target?: string }
  'run.submitted': {
    readonly name?: string
    /** SHA-256 of the canonical JSON of the parsed plan, before refs are resolved. */
    readonly plan: string
    readonly items: number
    readonly base?: {
      readonly repository: string
      readonly commit: string
      readonly tree: string
      readonly uncommitted: number
      readonly submodules: number
    }
    /** Epoch milliseconds at which the run is out of time. */
    readonly deadline?: number
    /** Teams of which its principal was a member then, sorted. Its calls count against their budgets. */
    readonly teams?: readonly string[]
    /** Present where it does an earlier run again: its plan and its commit are of that one. */
    readonly rerun?: RerunOf
  }
  /**
   * Items `[index, id, [indexes of needed items]]`; indexes ascend without gaps over a run. With `item`, `attempt` and `fence`
   * in its header they were added by that attempt, beyond those of the plan: its children.
   */
  'items.added': { readonly items: readonly (readonly [number, string, readonly number[]])[] }
  /** A step of an attempt is about to be launched. */
  'item.launched': {
    readonly step: Step
    readonly launchId: string
    readonly executor: string
    readonly inputs?: readonly InputRef[]
    readonly layer?: string
    /** Id of the conversation that it is to go on with. */
    readonly resumes?: string
    /** Digest of the effective policy, where anything was said of what the attempt may use. */
    readonly policy?: string
    /** Digest of the report of probes that the executor's promises rested on. */
    readonly probe?: string
    /** Of `main`, where its item names a version of an agent. */
    readonly agent?: LaunchedAgent
    /** Of `main`: what the options of its runtime tell every agent, where they tell anything. */
    readonly instructions?: readonly AgentInstruction[]
  }
  /**
   * What a running step asked to reach, and whether it may. It is durable before anything goes out. Header: the launch's
   * attempt and fence. Holds no query and no header of a request; a known secret in a host or a path is replaced by its name.
   */
  'egress.decided': {
    readonly outcome: 'allowed' | 'refused'
    /** A stable word such as `listed`, `cached`, `not-listed`, `method`, `path`, `address`. */
    readonly reason: string
    /** Of how many equal decisions it tells: what waited together, and what was counted since the last record of its like. 0: none of those ahead. */
    readonly count: number
    /** Epoch milliseconds of the first of them; of none, when they were allowed. */
    readonly first: number
    /** So many more of its like are allowed without a record before each. The next record of its like counts them, and says how many more there may be. Where none
     * follows, as a gateway ended by itself, it was any number of them. */
    readonly ahead?: number
    /** What the program was refused with. */
    readonly code?: ErrorCode
    readonly mode?: EgressMode
    /** As it was asked for, in lower case; absent where it could not be read. */
    readonly host?: string
    readonly port?: number
    readonly method?: string
    /** Without its query, at most 1,024 characters. */
    readonly path?: string
    /** The address that the name was resolved to, checked and pinned; absent where what was kept on the host is given. */
    readonly address?: string
    /** Name of the secret that was added. */
    readonly inject?: string
  }
  /** The worst case of a call was taken from every account, before anything is sent. Header: the launch's attempt and fence. */
  'usage.reserved': {
    /** Of the call within its launch. */
    readonly id: string
    readonly provider: string
    readonly model: string
    readonly accounts: readonly BudgetAccount[]
    /** 0 where it has no bound, and no account a limit. */
    readonly tokens: number
    readonly nanoUsd: number
  }
  /** What was taken for a call was settled, once: at what was used, or, where that is not known, at what was reserved. */
  'usage.settled': {
    readonly id: string
    readonly as: 'used' | 'reserved'
    readonly charged: UsageAmount
    /** Used beyond what was reserved and what the accounts had room for. */
    readonly excess: UsageAmount
    readonly usage?: TokenCounts
    /** Epoch milliseconds: the call was refused by a limit of the provider, which is over then by the headers of its answer. */
    readonly limitedUntil?: number
  }
  /** A call was refused, and nothing was sent. What is refused again for want of room on the same account is not repeated. */
  'usage.refused': {
    readonly id: string
    readonly provider: string
    readonly model: string
    readonly code: ErrorCode & ('LIMIT_EXCEEDED' | 'UNSUPPORTED')
    readonly account: BudgetAccount
    readonly of: keyof UsageAmount
    readonly wanted?: number
    readonly room: number
  }
  /** The limits of the item or run in the header, of one agent or team, or of each principal or day, from here on. */
  'budget.set': {
    readonly on: 'item' | 'run' | 'agent' | 'principal' | 'team' | 'day'
    /** Of the agent or team; absent for all others. */
    readonly name?: string
    readonly limits: SpendLimits
  }
  /** 80 % of a limit are spent; said once for each limit. */
  'budget.warned': {
    readonly account: BudgetAccount
    readonly of: keyof UsageAmount
    readonly settled: number
    readonly limit: number
  }
  /** A tool that a running step's program wanted to use and was denied, as its runtime saw it. */
  'tool.denied': {
    readonly tool: string
    readonly reason: string
    /** Counts the denials of the launch from 0. After a crash one may be recorded again, under the same number. */
    readonly index: number
  }
  /** A tool that a running step's program asked for and was allowed. Durable before the program is told. */
  'tool.allowed': {
    readonly tool: string
    readonly reason: string
    /** Counts the allowances of the launch from 0. After a crash one may be recorded again, under the same number. */
    readonly index: number
  }
  /** The program of a step began a conversation, or goes on with the one that its launch resumes. After a crash it may be recorded again. */
  'conversation.begun': {
    readonly id: string
    readonly resumed: boolean
    /** What the program says it is, with its version. */
    readonly program?: string
  }
  /** The main step ended and its product is durable; gates follow. */
  'item.captured': {
    readonly exit: Exit
    readonly product: Product
    readonly activity?: AgentActivity
    readonly summaries?: readonly SummarizedOutput[]
  }
  'gate.ended': {
    readonly gate: number
    readonly passed: boolean
    readonly reason: string
    readonly exit?: Exit
    readonly stdout?: BlobRef
    readonly stderr?: BlobRef
    readonly services?: readonly ServiceReport[]
  }
  /** The attempt is over. `exit`, `product`, `activity` and `summaries` are here unless `item.captured` had them. */
  'attempt.ended': {
    readonly outcome: AttemptOutcome
    /** A stable word such as `exit-code`, `output-missing`, `gate`, `prepare`, `launch`. */
    readonly reason: string
    readonly detail?: string
    readonly exit?: Exit
    readonly product?: Product
    readonly activity?: AgentActivity
    /** Of declared outputs with a kind, in the order of the plan. */
    readonly summaries?: readonly SummarizedOutput[]
  }
  /** Where an agent asked something, the payload is its `Question` as JSON. */
  'item.parked': {
    readonly reason: ParkReason
    /** Decides one resumption; an identifier, never a credential. */
    readonly token: string
    readonly resumeAt?: number
    readonly expiresAt?: number
    /** What is away, and what brings it back, where `reason` is `capacity` and that is all that is missing. */
    readonly detail?: string
    /** Locks are held until then. */
    readonly locksUntil: number
    readonly snapshot?: BlobRef
    /** What the next attempt goes on with. */
    readonly conversation?: KeptConversation
    /** Nothing of the conversation that it had is gone on with: the next attempt begins a new one. */
    readonly startsOver?: boolean
    /** What it waits for, where `reason` is `budget`. */
    readonly budget?: {
      readonly account: BudgetAccount
      readonly of: keyof UsageAmount
      /** What was left when the call was refused. */
      readonly room: number
      /** What the call could have come to. */
      readonly wanted?: number
    }
  }
  /** The payload is the answer to a question, as text, where there was one. */
  'item.resumed': { readonly token: string; readonly by: 'time' | 'answer' | 'expiry' }
  /** `locksUntil` passed while the item was parked. */
  'locks.released': { readonly token: string }
  'item.settled': { readonly outcome: ItemOutcome; readonly reason: string }
  /** Items that end without (another) attempt, in one step; inclusive ranges of indexes. */
  'items.settled': {
    readonly outcome: 'skipped' | 'canceled'
    readonly ranges: readonly (readonly [number, number])[]
    readonly reason: string
  }
  /** A person or a deadline asks a run, or the item in the header, to stop. */
  'cancel.requested': { readonly reason: 'requested' | 'timeout' | 'parent' }
  /** A version of an agent may be named by plans from here on. Its manifest and its files were durable before. */
  'agent.pushed': {
    readonly name: string
    readonly version: number
    /** Of its manifest. */
    readonly digest: string
    readonly files: number
    /** Bytes of all of them together. */
    readonly size: number
  }
  /** No plan may name this version any more. Runs that did go on. */
  'agent.removed': { readonly name: string; readonly version: number; readonly digest: string }
  /** Processes of an earlier attempt that were still there and were killed. */
  'leftover.killed': { readonly executor: string; readonly launchId: string; readonly processes: number }
  /** Every leaf of the run with `runSeq` from `from` to `from+count-1` is in. */
  'run.sealed': {
    readonly segment: number
    readonly from: number
    readonly count: number
    /** Leaf hash of the last record of the segment. */
    readonly last: string
    /** RFC 6962 root over the segment's leaf hashes taken as entries' leaf hashes. */
    readonly root: string
    readonly status: RunOutcome
  }
}

export type RecordKind = keyof RecordData

/**
 * A record's header: the leaf of the log. RFC 8785 canonical JSON, at most 60 kB. Integers up to
 * 2^53−1, no floats. Absent fields are omitted, never null. Digests are lower-case hex.
 */
export interface RecordHeader<K extends RecordKind = RecordKind> {
  readonly v: 1
  /** Namespace. */
  readonly ns: string
  /** Leaf index in the log, from 0. */
  readonly seq: number
  /** Epoch of the lease under which it was appended. */
  readonly epoch: number
  /** Epoch milliseconds, never decreasing. */
  readonly at: number
  readonly kind: K
  readonly kindVersion: 1
  /** Opaque principal id, or `engine`. */
  readonly actor: string
  readonly onBehalfOf?: string
  readonly run?: string
  /** Counts the run's records from 0, without gaps. */
  readonly runSeq?: number
  /** Leaf hash of the run's record before this one. */
  readonly prevInRun?: string
  /** Item id. */
  readonly item?: string
  /** From 1. */
  readonly attempt?: number
  /** Only grows within a namespace. */
  readonly fence?: number
  /** `seq` of the record that led to this one. */
  readonly cause?: number
  readonly payload?: PayloadCommitment
  readonly data: RecordData[K]
}

/** Any record, narrowed by its `kind`. */
export type AnyRecord = { [K in RecordKind]: RecordHeader<K> }[RecordKind]

/** A record before the log gave it its place: what `decide` returns. */
export type RecordDraft = {
  [K in RecordKind]: {
    readonly kind: K
    readonly actor: string
    readonly onBehalfOf?: string
    readonly run?: string
    readonly item?: string
    readonly attempt?: number
    readonly fence?: number
    readonly cause?: number
    readonly data: RecordData[K]
    /** Bytes to commit to and keep beside the record, with the fresh salt drawn at the edge. */
    readonly payload?: { readonly mediaType: string; readonly bytes: Uint8Array; readonly salt: Uint8Array }
  }
}[RecordKind]
