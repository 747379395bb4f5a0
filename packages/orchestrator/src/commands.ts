import type {
  AttemptFact,
  ChildStatus,
  Exit,
  ItemSpec,
  Principal,
  RecordData,
  RecordDraft,
  RerunOf,
  RunRow,
  SpendLimits,
  StepReport,
  Submission,
  UsageAnswer,
  UsageReport,
  UsageRequest,
} from '@seamark/core'
import type { SeamError } from '@seamark/kit'
import type { CollectionTerms } from './state-storage.ts'

/** A payload with the salt drawn for it at the edge. */
export interface SaltedPayload {
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly salt: Uint8Array
}

/** A part of a run's items that fits one record. */
export interface ItemChunk {
  readonly items: RecordData['items.added']['items']
  readonly payload: SaltedPayload
}

/** The result of an item that a run takes from an earlier one. */
export interface TakenResult {
  /** Id of the item, in both runs. */
  readonly item: string
  readonly data: RecordData['item.taken']
}

/** How a launch ended, as the conductor saw it. */
export type LaunchEnd =
  | { readonly type: 'report'; readonly exit: Exit; readonly report: StepReport }
  | { readonly type: 'lost' }
  /** No capacity: nothing was started. */
  | { readonly type: 'refused'; readonly retryAfterMs?: number; readonly detail?: string }
  /** It could not be prepared, launched, followed or captured. */
  | {
      readonly type: 'error'
      readonly stage: 'prepare' | 'launch' | 'capture'
      readonly code: string
      readonly detail: string
    }
  /** Stopped before there was a process. */
  | { readonly type: 'canceled' }

/** Everything that can change the state. Made at the edge, decided by `decide`. */
export type Command =
  | {
      readonly type: 'open'
      readonly origin: string
      readonly engine: RecordData['engine.started']
      readonly budgets?: BudgetDefaults
    }
  | { readonly type: 'close'; readonly reason: 'requested' | 'failed' }
  | { readonly type: 'deny'; readonly principal: Principal; readonly data: RecordData['command.denied'] }
  | {
      readonly type: 'submit'
      readonly principal: Principal
      /** Those of the principal, checked with `teamsOf`. */
      readonly teams: readonly string[]
      /** Without its items, which are in the chunks. */
      readonly submission: Pick<Submission, 'run' | 'plan' | 'spec'>
      /** What it does again, and what it takes from there. */
      readonly rerun?: RerunOf
      readonly taken?: readonly TakenResult[]
      readonly items: number
      readonly head: SaltedPayload
      readonly chunks: readonly ItemChunk[]
      /** Row of an earlier run with this id that is not in memory; filled in by the loop. */
      readonly earlier?: RunRow
    }
  | {
      readonly type: 'cancel'
      readonly principal: Principal
      readonly run: string
      readonly item?: string
      /** Row of a run that is not in memory, and whether it has no such item; filled in by the loop. */
      readonly earlier?: RunRow
      readonly unknownItem?: boolean
    }
  | {
      readonly type: 'pause' | 'unpause'
      readonly principal: Principal
      /** All runs of the namespace where absent. */
      readonly run?: string
      /** Row of a run that is not in memory; filled in by the loop. */
      readonly earlier?: RunRow
    }
  | {
      readonly type: 'resume'
      readonly principal: Principal
      readonly run: string
      readonly item: string
      readonly token: string
    }
  | {
      readonly type: 'answer'
      readonly principal: Principal
      readonly run: string
      readonly item: string
      /** Of the wait for the question. */
      readonly token: string
      readonly text: SaltedPayload
      /** As those of `cancel`. */
      readonly earlier?: RunRow
      readonly unknownItem?: boolean
    }
  | {
      readonly type: 'end'
      readonly launchId: string
      readonly fence: number
      readonly end: LaunchEnd
      /** What its report asks of a person. */
      readonly question?: SaltedPayload
    }
  | {
      readonly type: 'note'
      readonly launchId: string
      readonly fence: number
      /** Checked with `checkFacts`. */
      readonly facts: readonly AttemptFact[]
    }
  | {
      readonly type: 'reserve'
      readonly launchId: string
      readonly fence: number
      /** Checked with `checkUsage`. */
      readonly request: UsageRequest
    }
  | {
      readonly type: 'settle'
      readonly launchId: string
      readonly fence: number
      readonly id: string
      readonly report: UsageReport
    }
  | {
      readonly type: 'approve'
      readonly principal: Principal
      readonly run: string
      readonly item: string
      /** Of the wait that is approved. */
      readonly token: string
      /** By how much the budgets of the item and its run are raised. */
      readonly more: SpendLimits
    }
  | { readonly type: 'push-agent'; readonly principal: Principal; readonly agent: RecordData['agent.pushed'] }
  | {
      readonly type: 'remove-agent'
      readonly principal: Principal
      readonly name: string
      readonly version: number
    }
  | {
      readonly type: 'add'
      readonly launchId: string
      readonly fence: number
      /** Checked with `checkSubmission`; `needs` are indexes into them. */
      readonly items: readonly ItemSpec[]
      /** One for each item, of which a record takes one. */
      readonly salts: readonly Uint8Array[]
    }
  /** Asks how the children of an attempt stand. */
  | { readonly type: 'children'; readonly launchId: string; readonly fence: number }
  | {
      readonly type: 'hold'
      readonly principal: Principal
      readonly run: string
      readonly reason?: string
      /** As that of `cancel`. */
      readonly earlier?: RunRow
    }
  | { readonly type: 'release'; readonly principal: Principal; readonly run: string }
  | { readonly type: 'collect'; readonly principal: Principal; readonly terms: CollectionTerms }
  | {
      readonly type: 'remove'
      readonly principal: Principal
      readonly run: string
      /** Only asks what it would be held to. */
      readonly dryRun?: true
      /** As that of `cancel`. */
      readonly earlier?: RunRow
    }
  /** The collection whose record has this `seq` is over. */
  | { readonly type: 'collected'; readonly seq: number; readonly data: RecordData['collection.ended'] }
  | { readonly type: 'tick' }
  | { readonly type: 'leftover'; readonly data: RecordData['leftover.killed'] }
  | { readonly type: 'checkpoint'; readonly root: string }
  | { readonly type: 'anchored'; readonly receipt: SaltedPayload; readonly data: RecordData['checkpoint.anchored'] }
  | { readonly type: 'unanchored'; readonly data: RecordData['checkpoint.unanchored'] }

/** What the configuration lets be spent: by each principal, on each day, and by agents and teams, by their names. */
export interface BudgetDefaults {
  readonly principal?: SpendLimits
  readonly day?: SpendLimits
  readonly agents?: Readonly<Record<string, SpendLimits>>
  readonly teams?: Readonly<Record<string, SpendLimits>>
}

/** The outside world as `decide` may see it. */
export interface Moment {
  /** Epoch milliseconds. */
  readonly now: number
  /** A number in [0, 1) drawn for this command. */
  readonly random: number
}

/** Whether a command brings work that is not there yet: on a full disk it is refused, so that ends can still be recorded. */
export function beginsAnew({ type }: Command): boolean {
  return type === 'submit' || type === 'add' || type === 'push-agent'
}

/** What the caller of a command is told once its records are durable. */
export type Reply =
  | {
      readonly ok: true
      readonly created?: boolean
      readonly effective?: boolean
      readonly usage?: UsageAnswer
      readonly children?: readonly ChildStatus[]
      readonly limits?: RecordData['collection.begun']
      readonly head?: { readonly size: number; readonly root: string }
    }
  | { readonly ok: false; readonly error: SeamError }

/** What a command comes to. */
export interface Decision {
  readonly drafts: readonly RecordDraft[]
  readonly reply: Reply
}

const NONE: readonly number[] = []

function needed({ needs }: ItemSpec): readonly number[] {
  return needs.length === 0 ? NONE : [...new Set(needs.map(({ from }) => from))]
}

/** Items in chunks whose header and payload keep within their limits. The first one has the index `first` in its run. */
export function chunkItems(
  items: readonly ItemSpec[],
  salt: () => Uint8Array,
  first = 0,
  maxHeaderBytes = 50_000,
  maxPayloadBytes = 1_000_000,
): ItemChunk[] {
  const chunks: ItemChunk[] = []
  let entries: (readonly [number, string, readonly number[]])[] = []
  let specs: string[] = []
  let header = 0
  let payload = 0
  const flush = () => {
    if (entries.length === 0) return
    chunks.push({
      items: entries,
      payload: { mediaType: 'application/json', bytes: Buffer.from(`[${specs.join(',')}]`), salt: salt() },
    })
    entries = []
    specs = []
    header = payload = 0
  }
  for (const [index, spec] of items.entries()) {
    const entry = [first + index, spec.id, needed(spec)] as const
    const text = JSON.stringify(spec)
    const headerBytes = JSON.stringify(entry).length + 1
    const payloadBytes = Buffer.byteLength(text) + 1
    if (header + headerBytes > maxHeaderBytes || payload + payloadBytes > maxPayloadBytes) flush()
    entries.push(entry)
    specs.push(text)
    header += headerBytes
    payload += payloadBytes
  }
  flush()
  return chunks
}
