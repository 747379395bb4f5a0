import type {
  AgentActivity,
  InputRef,
  ItemOutcome,
  ItemSpec,
  KeptConversation,
  ParkReason,
  Pause,
  LeftProcesses,
  RefusedRequests,
  RefusedWrites,
  Product,
  Question,
  RerunOf,
  RunOutcome,
  RunSpec,
  SpentBudget,
  Step,
  StepTask,
  SummarizedOutput,
  UsageRow,
} from '@seamark/core'
import type { AgentVersion } from './state-agents.ts'
import type { StorageState } from './state-storage.ts'
import { noStorage } from './state-storage.ts'
import type { Budgets, DueWarning } from './state-budgets.ts'
import { noBudgets } from './state-budgets.ts'
import type { Heap } from './heap.ts'
import { heap } from './heap.ts'
import type { LockTable } from './locks.ts'
import { lockTable } from './locks.ts'

/** A launch whose record is durable, or about to be, and whose end is not recorded. */
export interface Launch {
  readonly launchId: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly run: string
  /** Index of the item; absent for a setup layer. */
  readonly index?: number
  readonly attempt: number
  readonly fence: number
  readonly step: Step
  readonly executor: string
  readonly inputs: readonly InputRef[]
  readonly layer?: string
}

/** What a launch goes on with beside its workspace. */
export type Continued = Pick<StepTask, 'conversation' | 'answer'>

export interface Parked {
  readonly reason: ParkReason
  readonly token: string
  readonly resumeAt?: number
  readonly expiresAt?: number
  readonly detail?: string
  readonly locksUntil: number
  readonly snapshot?: { readonly sha256: string; readonly size: number }
  readonly budget?: SpentBudget
  readonly question?: Question
  readonly conversation?: KeptConversation
  readonly startsOver?: boolean
}

/**
 * Where an item is. `pending`: needs are open. `setup`: its layer is. `held`: ready, and in no line, since its run is paused.
 * `lined`: in line for locks. `queued`: in line for a slot of its queue, with its locks. `running`: has a slot.
 */
export type Phase = 'pending' | 'setup' | 'held' | 'lined' | 'queued' | 'running' | 'parked' | 'settled'

/**
 * All fields are always there: an object whose fields come and go is kept by the engine underneath as a
 * dictionary, at several times the memory.
 */
export interface Item {
  readonly index: number
  readonly id: string
  readonly spec: ItemSpec
  phase: Phase
  outcome: ItemOutcome | undefined
  reason: string | undefined
  /** What the end of the attempt that `reason` comes from says besides. */
  detail: string | undefined
  /** Needs that are not met yet. */
  unmet: number
  /** Indexes of items that need this one. */
  dependents: number[]
  /** Indexes of items that its attempts added, in the order in which they did. */
  children: number[]
  /** Launched attempts, from 1. */
  attempt: number
  /** Attempts that ended failed, timed-out or lost. */
  failures: number
  /** How many attempts in a row ended with a provider's limit. */
  limited: number
  /** The launch that was refused for capacity: the same attempt is launched again under the same id. */
  refused: Launch | undefined
  /** Place in the line for locks. */
  ticket: number
  /** Place in the line for a slot: lower goes first. */
  rank: number
  launch: Launch | undefined
  parked: Parked | undefined
  /** Snapshot that the next attempt starts from. */
  resumeFrom: { readonly sha256: string; readonly size: number } | undefined
  /** Conversation that the next attempt goes on with, and the answer to what was asked in it last. */
  continued: Continued | undefined
  /** The newest attempt has a conversation, also of one before. */
  conversing: boolean
  /** A person asked this item to stop, or the attempt that added it is over. */
  canceling: false | 'requested' | 'parent'
  /** Of the main step, while gates judge it; of the settled item, while others need it. */
  product: Product | undefined
  /** What the main step of the newest attempt left running, where it left something. */
  left: LeftProcesses | undefined
  /** What the main step of the newest attempt tried to write and may not, where it tried. */
  refusedWrites: RefusedWrites | undefined
  /** What the way out of the newest attempt refused, where it refused something. */
  refusedRequests: RefusedRequests | undefined
  /** What the agent of the newest attempt did, once its main step has ended. */
  activity: AgentActivity | undefined
  /** What outputs with a kind say that the newest attempt left. */
  summaries: readonly SummarizedOutput[] | undefined
  startedAt: number | undefined
  endedAt: number | undefined
}

export interface Run {
  readonly id: string
  readonly plan: string
  readonly spec: RunSpec
  readonly layers: Readonly<Record<string, { readonly digest: string; readonly ready: boolean }>>
  readonly submittedBy: string
  /** Of which whoever submitted it was a member then. */
  readonly teams: readonly string[]
  /** The run that it does again. */
  readonly rerun?: RerunOf
  readonly submittedAt: number
  readonly seq: number
  /** How many items the submission announced. */
  readonly announced: number
  readonly deadline?: number
  readonly items: Item[]
  readonly byId: Map<string, number>
  readonly settled: { succeeded: number; failed: number; canceled: number; skipped: number }
  canceling?: 'requested' | 'timeout'
  paused?: Pause
  /** Launches outstanding, layers included. */
  launches: number
  /** Attempt numbers of this run's layer builds. */
  layerAttempts: number
  /** How often this run built a layer in vain, by digest. */
  readonly layerFailures: Record<string, number>
  sealedAt?: number
  status?: RunOutcome
}

/** A setup layer that some unsealed run waits for or builds. */
export interface Layer {
  readonly digest: string
  readonly executor: string
  launch?: Launch
  ready: boolean
  /** Not before this time is it built again. */
  retryAt?: number
  /** Items that wait for it, as `[run, index]`, in order. Those that were cancelled meanwhile stay. */
  waiting: (readonly [string, number])[]
  /** Unsealed runs that name it: it is let go of with the last one. */
  readonly runs: Set<string>
}

/** A moment at which something is due. Dropped when it no longer applies. */
export type Timer = { readonly at: number } & (
  | { readonly type: 'deadline'; readonly run: string }
  | {
      readonly type: 'resume' | 'expire' | 'unlock'
      readonly run: string
      readonly index: number
      readonly token: string
    }
  | { readonly type: 'layer'; readonly layer: string }
)

/** Where an item stands in the line for a slot. */
export type Place = readonly [rank: number, run: string, index: number]

export interface Queue {
  readonly line: Heap<Place>
  running: number
}

/** Everything the engine knows of a namespace. Nothing but a fold of its records. */
export interface State {
  readonly ns: string
  size: number
  at: number
  epoch: number
  fence: number
  /** Gives tickets and ranks. */
  turn: number
  readonly runs: Map<string, Run>
  readonly launches: Map<string, Launch>
  /** Ended launches whose remains the executor may still hold, with their executor. */
  readonly reapable: Map<string, Launch>
  readonly layers: Map<string, Layer>
  /** Digests of layers that somebody waits for and nobody builds. */
  readonly unbuilt: Set<string>
  /** Runs whose payloads were purged: they are sealed by a record that is still to be folded. */
  readonly purged: Set<string>
  readonly locks: LockTable
  readonly queues: Map<string, Queue>
  /** Owners whose children may have come to want a slot, or given one back: a running item lends its own to one of them. */
  readonly lenders: Set<string>
  readonly timers: Heap<Timer>
  budgets: Budgets
  /** Of all runs. */
  paused?: Pause
  /** Versions of agents that were pushed, removed ones too, by `NAME@VERSION`. */
  readonly agents: Map<string, AgentVersion>
  /** What is held, and what is given up. */
  readonly storage: StorageState
  /** Size that the newest committed checkpoint covers, and whether anything but checkpoints came since. */
  checkpoint: number
  unsigned: boolean
  /** Worklists that `react` empties; they are empty between batches. */
  readonly todo: {
    /** `[run, index]` of items that settled otherwise than succeeded. */
    cascade: (readonly [string, number])[]
    /** `[run, index]` of items that leave children behind which are not to go on. */
    orphaned: (readonly [string, number])[]
    /** Runs that began to cancel. */
    cancel: Set<string>
    /** Runs whose last item or launch may have ended, or that were written to after their seal. */
    seal: Set<string>
    /** Warnings of budgets that are not said yet. */
    warned: DueWarning[]
    /** Rows of usage that changed, by `rowKey`, as they are now. */
    usage: Map<string, UsageRow>
    /** `[run, index]` of items whose layer could not be built. */
    broken: (readonly [string, number])[]
    /** Launches that ended: what they left can be removed once that is durable. */
    clean: Launch[]
  }
}

/** Told of everything whose row may have changed. */
export type Touch = (run: Run, item?: Item) => void

/** The order of timers: by time, and the same for any two engines. */
function sooner(a: Timer, b: Timer): boolean {
  if (a.at !== b.at) return a.at < b.at
  if (a.type === 'layer' || b.type === 'layer') {
    if (a.type === 'layer' && b.type === 'layer') return a.layer < b.layer
    return a.type === 'layer'
  }
  if (a.run !== b.run) return a.run < b.run
  if (a.type === 'deadline' || b.type === 'deadline') return a.type === 'deadline' && b.type !== 'deadline'
  return a.index === b.index ? a.type < b.type : a.index < b.index
}

/** The state before the first record. */
export function emptyState(ns: string): State {
  return {
    ns,
    size: 0,
    at: 0,
    epoch: 0,
    fence: 0,
    turn: 0,
    runs: new Map(),
    launches: new Map(),
    reapable: new Map(),
    layers: new Map(),
    unbuilt: new Set(),
    purged: new Set(),
    locks: lockTable(),
    queues: new Map(),
    lenders: new Set(),
    timers: heap<Timer>(sooner),
    budgets: noBudgets(),
    agents: new Map(),
    storage: noStorage(),
    checkpoint: 0,
    unsigned: false,
    todo: {
      cascade: [],
      orphaned: [],
      cancel: new Set(),
      seal: new Set(),
      warned: [],
      usage: new Map(),
      broken: [],
      clean: [],
    },
  }
}

/** The name of an item in the lock table. */
export function ownerOf(run: string, index: number): string {
  return `${index}@${run}`
}

/** The items whose attempts added an item, from its parent to one of the plan. */
export function ancestorsOf(run: Run, item: Item): Item[] {
  const found: Item[] = []
  for (let at = run.items[item.spec.parent?.item ?? -1]; at !== undefined; at = run.items[at.spec.parent?.item ?? -1])
    found.push(at)
  return found
}

/** The step that was refused for capacity, where it is a gate: its attempt is open although nothing of it runs. */
export function refusedGate({ refused }: Item): Launch | undefined {
  return refused?.step === 'main' ? undefined : refused
}

/** How an item waits, runs or ended, as its row says it. */
export function itemStatus(item: Item): 'waiting' | 'running' | 'parked' | ItemOutcome {
  if (item.phase === 'settled') return item.outcome ?? 'failed'
  if (item.phase === 'running' || item.phase === 'parked') return item.phase
  return 'waiting'
}

/** The outcome of a run whose items have all settled. */
export function runOutcome(run: Run): RunOutcome {
  // Of the plan's items: what became of children, their parents have judged.
  const failed = run.items.some(({ spec, outcome }) => spec.parent === undefined && outcome !== 'succeeded')
  if (!failed) return 'succeeded'
  return run.canceling === 'requested' ? 'canceled' : 'failed'
}

/** What the path locks of a run are scoped to. */
export function lockScope(run: Run): string {
  const { workspace } = run.spec
  return workspace.type === 'git' ? workspace.repository : `run:${run.id}`
}

/** Lets go of what nobody asks a settled item for any more. */
export function trim(item: Item): void {
  // A parent may ask for what its children made.
  if (item.phase === 'settled' && item.dependents.length === 0 && item.spec.parent === undefined)
    item.product = undefined
}
